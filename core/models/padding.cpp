#include "models/padding.hpp"

#include "attn/error.hpp"
#include "attn/functional.hpp"

namespace attn::models {

namespace {

void require_integers(const char* op, const char* what, const Tensor& x) {
  if (!x.defined() || x.dtype() != DType::int32)
    throw Error(ErrorCode::type, op,
                std::string(what) + " must be int32, got " + (x.defined() ? to_string(x.dtype()) : "none"));
}

}  // namespace

void require_tokens(const char* model, const Tensor& tokens, Index longest, Index vocab_size) {
  require_integers(model, "tokens", tokens);
  if (tokens.rank() != 2 || tokens.size(1) < 1 || tokens.size(1) > longest)
    throw Error(
        ErrorCode::shape, model,
        "tokens must be [B,T] with T from 1 to " + std::to_string(longest) + ", got " + to_string(tokens.shape()),
        {tokens.shape()});
  const Tensor list = contiguous(tokens);
  for (const std::int32_t token : list.values<std::int32_t>())
    if (token < 0 || token >= vocab_size)
      throw Error(ErrorCode::range, model,
                  "tokens must be from 0 to " + std::to_string(vocab_size - 1) + ", got " + std::to_string(token));
}

Tensor padding_mask(const Tensor& lengths, Index steps) {
  constexpr const char* op = "padding_mask";
  require_integers(op, "lengths", lengths);
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
