#include "models/padding.hpp"

#include "attn/error.hpp"
#include "attn/functional.hpp"

namespace attn::models {

Tensor padding_mask(const Tensor& lengths, Index steps) {
  constexpr const char* op = "padding_mask";
  if (!lengths.defined() || lengths.dtype() != DType::int32)
    throw Error(ErrorCode::type, op,
                std::string("lengths must be int32, got ") + (lengths.defined() ? to_string(lengths.dtype()) : "none"));
  if (lengths.rank() != 1)
    throw Error(ErrorCode::shape, op, "lengths must be [B], got " + to_string(lengths.shape()), {lengths.shape()});
  const Tensor list = contiguous(lengths), mask = Tensor::empty({lengths.size(0), steps}, DType::int32);
  std::int32_t* out = mask.data<std::int32_t>();
  for (const std::int32_t length : list.values<std::int32_t>()) {
    if (length < 0 || length > steps)
      throw Error(ErrorCode::range, op,
                  "lengths must be from 0 to " + std::to_string(steps) + ", got " + std::to_string(length));
    for (Index t = 0; t < steps; ++t) *out++ = t >= length;
  }
  return mask;
}

}  // namespace attn::models
