// Sums, means and maxima, and what is made of them along one dimension.
#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

/// Applies a row operator along `dim`: moves it last, and back again.
template <class F>
Tensor along(const char* op, const Tensor& x, Index dim, F f) {
  require_float(op, x);
  const Index at = checked_dim(op, dim, x.rank()), last = x.rank() - 1;
  const Tensor rows = dense(op, transpose(x.detach(), at, last)), out = Tensor::empty(rows.shape());
  f(rows.view(), out.out());
  return transpose(out, at, last);
}

/// The gradient of such an operator from its result's: backward(result, gradient, out) on rows.
template <class F>
void record_along(const char* op, const Tensor& x, Index dim, const Tensor& out, F backward) {
  if (!recording({x})) return;
  record(op, out, {x}, [=, kept = Saved(out.detach())](const Tensor& g, Gradients& to) {
    const Tensor y = dense(op, transpose(kept.get(), dim, -1)), dy = dense(op, transpose(g, dim, -1));
    const Tensor dx = Tensor::empty(y.shape());
    backward(y.view(), dy.view(), dx.out());
    to.add(0, transpose(dx, dim, -1));
  });
}

/// How `dim` (all dimensions without one) stands among the rest: [outer, n, inner].
struct Split {
  Shape sizes, result, kept;  ///< kept: the result's shape with keepdim

  Split(const char* op, const Shape& shape, std::optional<Index> dim)
      : sizes{1, numel(shape), 1}, kept(shape.size(), 1) {
    if (!dim) return;
    const auto rank = static_cast<Index>(shape.size()), at = checked_dim(op, *dim, rank);
    const auto begin = shape.begin();
    sizes = {numel(Shape(begin, begin + at)), shape[static_cast<std::size_t>(at)],
             numel(Shape(begin + at + 1, shape.end()))};
    result = kept = shape;
    kept[static_cast<std::size_t>(at)] = 1;
    result.erase(result.begin() + at);
  }
};

}  // namespace

Tensor reduce(ops::Reduction f, const Tensor& x, std::optional<Index> dim, bool keepdim) {
  const char* const op = name_of(f);
  const Tensor given = dense(op, x);
  const Split split(op, x.shape(), dim);
  const Tensor out = Tensor::empty(keepdim ? split.kept : split.result);
  ops::reduce(f, {given.data(), split.sizes, row_major_strides(split.sizes)}, out.out());
  if (!recording({x})) return out;
  if (f == ops::Reduction::max)
    record(op, out, {x}, [=, kept = Saved(x), result = Saved(out.detach())](const Tensor& g, Gradients& to) {
      const Tensor from = dense(op, kept.get()), gradient = Tensor::empty(from.shape());
      ops::max_backward({from.data(), split.sizes, row_major_strides(split.sizes)}, result.get().view(), g.view(),
                        gradient.out());
      to.add(0, gradient);
    });
  else
    record(op, out, {x}, [=, shape = x.shape()](const Tensor& g, Gradients& to) {
      const float factor = f == ops::Reduction::mean ? 1 / static_cast<float>(split.sizes[1]) : 1;
      const Tensor gradient = Tensor::empty(shape);
      ops::binary(ops::Binary::mul, broadcast_to(reshape(g, split.kept).view(), shape), full({}, factor).view(),
                  gradient.out());
      to.add(0, gradient);
    });
  return out;
}

Tensor softmax(const Tensor& x, Index dim) {
  const Tensor out = along("softmax", x, dim, ops::softmax);
  record_along("softmax", x, dim, out, ops::softmax_backward);
  return out;
}

Tensor log_softmax(const Tensor& x, Index dim) {
  const Tensor out = along("log_softmax", x, dim, ops::log_softmax);
  record_along("log_softmax", x, dim, out, ops::log_softmax_backward);
  return out;
}

Tensor log_sum_exp(const Tensor& x, Index dim, bool keepdim) {
  constexpr const char* op = "log_sum_exp";
  require_float(op, x);
  const Split split(op, x.shape(), dim);
  const Tensor rows = dense(op, transpose(x.detach(), dim, -1));
  Shape shape = rows.shape();
  shape.back() = 1;
  const Tensor sums = Tensor::empty(shape);
  ops::log_sum_exp(rows.view(), sums.out());
  const Tensor out = reshape(transpose(sums, dim, -1), keepdim ? split.kept : split.result);
  if (recording({x}))
    record(op, out, {x}, [dim, kept = Saved(x), to_kept = split.kept](const Tensor& g, Gradients& to) {
      to.add(0, times(softmax(kept.get(), dim), reshape(g, to_kept)));
    });
  return out;
}

Tensor entropy(const Tensor& weights) {
  if (weights.rank() < 1)
    throw Error(ErrorCode::shape, "entropy", "weights must have at least 1 dimension, got []", {weights.shape()});
  const Tensor rows = dense("entropy", weights);
  const Tensor out = Tensor::empty(Shape(rows.shape().begin(), rows.shape().end() - 1));
  ops::entropy(rows.view(), out.out());
  if (recording({weights}))
    record("entropy", out, {weights}, [kept = Saved(weights)](const Tensor& g, Gradients& to) {
      const Tensor w = kept.get();  // d(-w ln w)/dw = -ln w - 1
      Shape column = g.shape();
      column.push_back(1);
      const Tensor slope = unary(ops::Unary::neg, plus(unary(ops::Unary::log, w), full({}, 1)));
      to.add(0, times(slope, reshape(g, column)));
    });
  return out;
}

}  // namespace attn
