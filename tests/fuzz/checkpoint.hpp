#pragma once
// What has to hold for any bytes that are read as a checkpoint: for libFuzzer, and for the native suite's own
// mutations.

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "attn/checkpoint.hpp"
#include "attn/error.hpp"

namespace fuzz {

/// Whether they load, and then what is written of them loads as the same. Anything but FORMAT goes through.
inline bool loads(std::span<const std::byte> bytes) {
  attn::Checkpoint file;
  try {
    file = attn::load_safetensors(bytes, true);
  } catch (const attn::Error& error) {
    if (error.code() != attn::ErrorCode::format) throw;
    return false;
  }
  const attn::Checkpoint again = attn::load_safetensors(attn::save_safetensors(file.tensors, file.metadata), true);
  const auto same = [](const auto& a, const auto& b) {
    const auto& [x, y] = std::pair(a.second, b.second);
    const auto bits = [](const attn::Tensor& t) -> const void* {
      return t.dtype() == attn::DType::float32 ? static_cast<const void*>(t.data()) : t.template data<std::int32_t>();
    };
    return a.first == b.first && x.shape() == y.shape() && x.dtype() == y.dtype() &&
           (x.numel() == 0 || std::memcmp(bits(x), bits(y), static_cast<std::size_t>(x.numel()) * sizeof(float)) == 0);
  };
  // Tensors without elements have their place by their name alone.
  if (again.metadata != file.metadata || !std::ranges::is_permutation(again.tensors, file.tensors, same))
    throw std::logic_error("a checkpoint changed on its way through a file");
  return true;
}

}  // namespace fuzz
