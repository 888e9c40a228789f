// Layer norm and RMS norm, over the last dimension.
#include <cmath>

#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

void check_norm(const char* op, const Tensor& x, std::initializer_list<const Tensor*> weights, double eps) {
  require_float(op, x);
  if (x.rank() < 1 || x.size(-1) < 1)
    throw Error(ErrorCode::shape, op, "x must end in at least 1 feature, got " + to_string(x.shape()), {x.shape()});
  for (const Tensor* weight : weights)
    if (weight->defined() && weight->shape() != Shape{x.size(-1)})
      throw Error(ErrorCode::shape, op,
                  "weight and bias must be [" + std::to_string(x.size(-1)) + "] to match x " + to_string(x.shape()) +
                      ", got " + to_string(weight->shape()),
                  {x.shape(), weight->shape()});
  if (!(eps >= 0) || !std::isfinite(eps))
    throw Error(ErrorCode::range, op, "eps must be 0 or more and finite, got " + std::to_string(eps));
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* op = "layer_norm";
  check_norm(op, x, {&weight, &bias}, eps);
  const Tensor given = dense(op, x), w = optional_dense(op, weight), b = optional_dense(op, bias);
  const Tensor out = Tensor::empty(x.shape());
  ops::layer_norm(rows_of(given), view_of(w), view_of(b), eps, rows_out(out));
  if (recording({x, weight, bias}))
    record(op, out, {x, weight, bias}, [eps, in = Saved(given), by = Saved(w)](const Tensor& g, Gradients& to) {
      const Tensor& rows = in.get();
      const Tensor to_x = Tensor::empty(rows.shape()), to_w = Tensor::empty({rows.size(-1)}),
                   to_b = Tensor::empty({rows.size(-1)});
      ops::layer_norm_backward(rows_of(rows), view_of(by.get()), eps, rows_of(g),
                               {rows_out(to_x), to_w.out(), to_b.out()});
      to.add(0, to_x);
      to.add(1, to_w);
      to.add(2, to_b);
    });
  return out;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  constexpr const char* op = "rms_norm";
  check_norm(op, x, {&weight}, eps);
  const Tensor given = dense(op, x), w = optional_dense(op, weight);
  const Tensor out = Tensor::empty(x.shape());
  ops::rms_norm(rows_of(given), view_of(w), eps, rows_out(out));
  if (recording({x, weight}))
    record(op, out, {x, weight}, [eps, in = Saved(given), by = Saved(w)](const Tensor& g, Gradients& to) {
      const Tensor& rows = in.get();
      const Tensor to_x = Tensor::empty(rows.shape()), to_w = Tensor::empty({rows.size(-1)});
      ops::rms_norm_backward(rows_of(rows), view_of(by.get()), eps, rows_of(g), {rows_out(to_x), to_w.out(), {}});
      to.add(0, to_x);
      to.add(1, to_w);
    });
  return out;
}

}  // namespace attn
