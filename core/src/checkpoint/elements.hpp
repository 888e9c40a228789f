#pragma once
// The elements of a safetensors file, from its dtypes to ours.

#include <cstdint>
#include <span>
#include <string>

#include "attn/tensor.hpp"

namespace attn::detail {

/// Bytes of an element, 0 for a dtype that is not read.
std::size_t element_bytes(const std::string& dtype);

/// A tensor of the elements. Throws FORMAT, naming the tensor, for one that has no place in ours, or is not finite
/// unless that is allowed. bytes.size() is element_bytes(dtype) · numel(shape).
Tensor read_elements(const char* op, const std::string& name, const std::string& dtype, const Shape& shape,
                     std::span<const std::byte> bytes, bool allow_nonfinite);

}  // namespace attn::detail
