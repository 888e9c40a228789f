#pragma once
// What has to hold for any bytes that are read as a checkpoint, and for anything that is written as one: for libFuzzer,
// and for the native suite's own mutations.

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>

#include "attn/checkpoint.hpp"
#include "attn/error.hpp"

namespace fuzz {

/// The same tensors, bit for bit, under the same names; those without elements have their place by their name alone.
inline bool same(const attn::nn::NamedTensors& a, const attn::nn::NamedTensors& b) {
  return std::ranges::is_permutation(a, b, [](const auto& one, const auto& other) {
    const auto& [x, y] = std::pair(one.second, other.second);
    const auto bits = [](const attn::Tensor& t) -> const void* {
      return t.dtype() == attn::DType::float32 ? static_cast<const void*>(t.data()) : t.template data<std::int32_t>();
    };
    return one.first == other.first && x.shape() == y.shape() && x.dtype() == y.dtype() &&
           (x.numel() == 0 || std::memcmp(bits(x), bits(y), static_cast<std::size_t>(x.numel()) * sizeof(float)) == 0);
  });
}

/// What f gives, or none where it is a FORMAT error. Anything else goes through.
template <class F>
auto unless_malformed(F f) -> std::optional<decltype(f())> {
  try {
    return f();
  } catch (const attn::Error& error) {
    if (error.code() != attn::ErrorCode::format) throw;
    return {};
  }
}

/// Whether they are written; then they read as the same, and what was read is written as the same bytes.
inline bool round_trip(const attn::nn::NamedTensors& tensors, const attn::Metadata& metadata) {
  const auto bytes = unless_malformed([&] { return attn::save_safetensors(tensors, metadata); });
  if (!bytes) return false;
  const attn::Checkpoint read = attn::load_safetensors(*bytes, true);
  if (read.metadata != metadata || !same(read.tensors, tensors) ||
      attn::load_safetensors(attn::save_safetensors(read.tensors, read.metadata), true).metadata != metadata)
    throw std::logic_error("a checkpoint changed on its way through a file");
  return true;
}

/// Whether the bytes load; then the writer takes what was loaded.
inline bool loads(std::span<const std::byte> bytes) {
  const auto file = unless_malformed([&] { return attn::load_safetensors(bytes, true); });
  if (file && !round_trip(file->tensors, file->metadata)) throw std::logic_error("what was read is not written");
  return file.has_value();
}

/// Names, texts, sizes and elements, whatever the bytes make of them: round_trip of these.
inline bool writes(std::span<const std::byte> bytes) {
  std::size_t at = 0;
  const auto next = [&] { return at < bytes.size() ? std::to_integer<unsigned>(bytes[at++]) : 0u; };
  const auto text = [&] {
    std::string out(next() % 16, ' ');
    for (char& c : out) c = static_cast<char>(next());
    return out;
  };
  attn::nn::NamedTensors tensors;
  attn::Metadata metadata;
  while (at < bytes.size() && tensors.size() < 20) {
    const unsigned kind = next();
    const std::string name = text();
    if (kind % 3 == 0) {
      metadata[name] = text();
      continue;
    }
    attn::Shape shape;
    for (unsigned rank = kind / 16 % 4; rank > 0; --rank)
      shape.push_back(kind % 16 == 1 ? std::numeric_limits<attn::Index>::max() >> next() % (8 * sizeof(attn::Index) - 1)
                                     : static_cast<attn::Index>(next() % 5));
    if (kind % 16 == 1) shape.push_back(0);  // whatever its other sizes
    const attn::Tensor x = attn::Tensor::empty(shape, kind % 3 == 1 ? attn::DType::float32 : attn::DType::int32);
    const auto fill = [&](auto* to) {
      for (attn::Index i = 0; i < attn::checked_numel("fuzz", shape); ++i) {
        const std::uint32_t bits = next() << 24 | next() << 16 | next() << 8 | next();
        std::memcpy(to + i, &bits, sizeof bits);
      }
    };
    if (x.dtype() == attn::DType::float32)
      fill(x.data());
    else
      fill(x.data<std::int32_t>());
    tensors.emplace_back(name, x);
  }
  return round_trip(tensors, metadata);
}

}  // namespace fuzz
