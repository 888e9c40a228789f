#pragma once
// Files that are often taken for safetensors.

#include <cstddef>
#include <span>
#include <string>

namespace attn::detail {

/// What the file is by its first bytes, and what to do about it; empty where they tell nothing.
std::string other_format(std::span<const std::byte> file);

}  // namespace attn::detail
