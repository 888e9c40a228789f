#include "common.hpp"

namespace attn {

using namespace detail;

namespace detail {

Tensor sum_to(const Tensor& gradient, const Shape& shape) {
  if (gradient.shape() == shape) return gradient;
  const NoGrad quiet;
  const auto extra = static_cast<Index>(gradient.shape().size() - shape.size());
  Tensor sum = gradient;
  if (extra > 0) {  // leading dimensions as one, since they lie together
    const Shape rest(gradient.shape().begin() + extra, gradient.shape().end());
    Shape flat = rest;
    flat.insert(flat.begin(), numel(rest) == 0 ? 0 : gradient.numel() / numel(rest));
    sum = reduce(ops::Reduction::sum, reshape(gradient, flat), 0);
  }
  for (Index dim = 0; dim < sum.rank(); ++dim)
    if (shape[static_cast<std::size_t>(dim)] == 1 && sum.size(dim) != 1)
      sum = reduce(ops::Reduction::sum, sum, dim, true);
  return sum;
}

Tensor chosen(const Tensor& mask, float clear, float set) {
  const Tensor given = contiguous(mask), out = Tensor::empty(mask.shape());
  std::ranges::transform(given.values<std::int32_t>(), out.data(),
                         [=](std::int32_t m) { return m == 0 ? clear : set; });
  return out;
}

}  // namespace detail

Tensor unary(ops::Unary f, const Tensor& x) {
  require_float(name_of(f), x);
  const Tensor out = Tensor::empty(x.shape());
  ops::unary(f, x.view(), out.out());
  if (recording({x}))
    record(name_of(f), out, {x},
           [f, kept = Saved(ops::from_input(f) ? x : out.detach())](const Tensor& g, Gradients& to) {
             const Tensor gradient = Tensor::empty(g.shape());
             ops::unary_backward(f, dense(name_of(f), kept.get()).view(), g.view(), gradient.out());
             to.add(0, gradient);
           });
  return out;
}

namespace {

Tensor zeros_of(const Tensor& x) {
  return where(x, [](float v) { return v == 0; });
}

/// d f(a, b) / da · g and d f(a, b) / db · g, before they are summed over what was broadcast.
Tensor to_left(ops::Binary f, const Tensor& g, const Tensor& a, const Tensor& b) {
  switch (f) {
    case ops::Binary::add:
    case ops::Binary::sub: return g;
    case ops::Binary::mul: return times(g, b);
    case ops::Binary::div: return binary(f, g, b);
    // b · a^(b-1), and 0 where b is: not 0 · inf.
    case ops::Binary::pow: return masked_fill(times(g, times(b, binary(f, a, minus(b, full({}, 1))))), zeros_of(b), 0);
  }
  return g;
}
Tensor to_right(ops::Binary f, const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& out) {
  switch (f) {
    case ops::Binary::add: return g;
    case ops::Binary::sub: return unary(ops::Unary::neg, g);
    case ops::Binary::mul: return times(g, a);
    case ops::Binary::div: return unary(ops::Unary::neg, binary(f, times(g, out), b));
    // a^b · ln a, and 0 where a is: 0^b does not change with b > 0.
    case ops::Binary::pow: return masked_fill(times(g, times(out, unary(ops::Unary::log, a))), zeros_of(a), 0);
  }
  return g;
}

}  // namespace

Tensor binary(ops::Binary f, const Tensor& a, const Tensor& b) {
  require_float(name_of(f), a);
  require_float(name_of(f), b);
  const Tensor out = Tensor::empty(broadcast_shapes(name_of(f), a.shape(), b.shape()));
  ops::binary(f, a.view(), b.view(), out.out());
  if (!recording({a, b})) return out;
  if (f == ops::Binary::add || f == ops::Binary::sub)  // which need none of the values
    record(name_of(f), out, {a, b}, [f, left = a.shape(), right = b.shape()](const Tensor& g, Gradients& to) {
      if (to.wants(0)) to.add(0, sum_to(g, left));
      if (to.wants(1)) to.add(1, sum_to(to_right(f, g, {}, {}, {}), right));
    });
  else
    record(name_of(f), out, {a, b},
           [f, left = Saved(a), right = Saved(b), result = Saved(out.detach())](const Tensor& g, Gradients& to) {
             const Tensor &x = left.get(), &y = right.get();
             if (to.wants(0)) to.add(0, sum_to(to_left(f, g, x, y), x.shape()));
             if (to.wants(1)) to.add(1, sum_to(to_right(f, g, x, y, result.get()), y.shape()));
           });
  return out;
}

Tensor masked_fill(const Tensor& x, const Tensor& where, float value) {
  require_float("masked_fill", x);
  const Tensor mask = where.defined() && where.dtype() == DType::int32 ? chosen(where, 0, 1) : where;
  require_float("masked_fill", mask);
  const Tensor out = Tensor::empty(x.shape());
  ops::masked_fill(x.view(), mask.view(), value, out.out());
  if (recording({x}))
    record("masked_fill", out, {x},
           [kept = Saved(mask)](const Tensor& g, Gradients& to) { to.add(0, masked_fill(g, kept.get(), 0)); });
  return out;
}

}  // namespace attn
