#include "common.hpp"

namespace attn {

using namespace detail;

Tensor gru_cell(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h) {
  constexpr const char* op = "gru_cell";
  require_float(op, h);
  if (h.rank() != 2) throw Error(ErrorCode::shape, op, "h must be [B,H], got " + to_string(h.shape()), {h.shape()});
  const Shape wanted{h.size(0), 3 * h.size(1)};
  for (const Tensor* gates : {&gates_x, &gates_h}) {
    require_float(op, *gates);
    if (gates->shape() != wanted)
      throw Error(ErrorCode::shape, op,
                  "gates must be " + to_string(wanted) + " to match h " + to_string(h.shape()) + ", got " +
                      to_string(gates->shape()),
                  {h.shape(), gates->shape()});
  }
  const Tensor x = dense(op, gates_x), g = dense(op, gates_h), before = dense(op, h), out = Tensor::empty(h.shape());
  ops::gru_cell(x.view(), g.view(), before.view(), out.out());
  if (recording({gates_x, gates_h, h}))
    record(op, out, {gates_x, gates_h, h},
           [x = Saved(x), g = Saved(g), h = Saved(before)](const Tensor& gradient, Gradients& to) {
             const Tensor to_x = Tensor::empty(x.get().shape()), to_g = Tensor::empty(x.get().shape()),
                          to_h = Tensor::empty(gradient.shape());
             ops::gru_cell_backward(x.get().view(), g.get().view(), h.get().view(), gradient.view(), to_x.out(),
                                    to_g.out(), to_h.out());
             to.add(0, to_x);
             to.add(1, to_g);
             to.add(2, to_h);
           });
  return out;
}

}  // namespace attn
