#pragma once
// What every operator on tensors does with its arguments.

#include <algorithm>
#include <limits>
#include <string>

#include "arithmetic.hpp"
#include "attn/autograd.hpp"
#include "attn/error.hpp"

namespace attn::detail {

using autograd::Gradients;
using autograd::record;
using autograd::recording;
using autograd::Saved;

inline void require_float(const char* op, const Tensor& x) {
  if (!x.defined()) throw Error(ErrorCode::type, op, "expected a tensor, got none");
  if (x.dtype() != DType::float32)
    throw Error(ErrorCode::type, op, std::string("expected a tensor of float32, got ") + to_string(x.dtype()));
}

/// A contiguous float32 tensor, or an error that names the operator. Without a gradient: operators record themselves on
/// what they were given.
inline Tensor dense(const char* op, const Tensor& x) {
  require_float(op, x);
  const NoGrad quiet;
  return contiguous(x);
}

/// The same for an argument that may be left out.
inline Tensor optional_dense(const char* op, const Tensor& x) { return x.defined() ? dense(op, x) : x; }

/// 1 where f(element), else 0; a mask for masked_fill.
template <class F>
Tensor where(const Tensor& x, F f) {
  const Tensor given = dense("where", x), out = Tensor::empty(x.shape());
  std::ranges::transform(given.values(), out.data(), [&](float v) { return f(v) ? 1.0f : 0.0f; });
  return out;
}

inline In view_of(const Tensor& x) { return x.defined() ? x.view() : In{}; }

/// x as rows of its last dimension [R,N].
inline In rows_of(const Tensor& x) {
  const Index n = x.size(-1), rows = n == 0 ? 0 : x.numel() / n;
  return {x.data(), {rows, n}, {n, 1}};
}
inline Out rows_out(const Tensor& x) {
  const In rows = rows_of(x);
  return {x.data(), rows.shape, rows.strides};
}

/// The gradient of what was broadcast from `shape`: summed over what was repeated.
Tensor sum_to(const Tensor& gradient, const Shape& shape);

/// An int32 mask in float32: `clear` where it is 0, `set` elsewhere.
Tensor chosen(const Tensor& mask, float clear, float set);

/// What a boolean mask adds to the scores of a key that it forbids.
inline constexpr float kForbidden = -std::numeric_limits<float>::infinity();

/// ops::Mask over tensors that it keeps alive.
struct MaskView {
  Tensor lengths, additive;
  ops::Mask mask;

  MaskView(const char* op, const Mask& source)
      : lengths(source.lengths),
        additive(source.additive.defined() && source.additive.dtype() == DType::int32
                     ? chosen(source.additive, kForbidden, 0)
                     : optional_dense(op, source.additive)) {
    mask.causal = source.causal;
    mask.window = source.window;
    mask.additive = view_of(additive);
    if (!lengths.defined()) return;
    if (lengths.dtype() != DType::int32)
      throw Error(ErrorCode::type, op, std::string("padding lengths must be int32, got ") + to_string(lengths.dtype()));
    lengths = contiguous(lengths);
    mask.lengths = lengths.values<std::int32_t>();
  }
};

}  // namespace attn::detail
