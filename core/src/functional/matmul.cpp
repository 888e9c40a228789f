// Products: matmul, linear, and the convolution that the documents use.
#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

/// The last two dimensions turned.

/// a [...,M,K] · b [...,K,N], both of rank 2 or more.
Tensor product(const Tensor& a, const Tensor& b) {
  const Tensor out = Tensor::empty(ops::matmul_shape("matmul", a.shape(), b.shape()));
  ops::matmul(a.view(), b.view(), out.out());
  return out;
}

/// Σ over the leading dimensions of aᵀ · b; where these are rows of one matrix each, as one product.
Tensor summed_product(const Tensor& a, const Tensor& b, const Shape& shape) {
  if (numel(shape) == a.size(-1) * b.size(-1) && a.contiguous() && b.contiguous()) {
    const Index m = a.size(-1), n = b.size(-1), rows = m == 0 ? 0 : a.numel() / m;
    if (rows * n == b.numel()) {
      const Tensor out = product(a.restrided({m, rows}, {1, m}), b.restrided({rows, n}, {n, 1}));
      return reshape(out, shape);
    }
  }
  return sum_to(product(turned(a), b), shape);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.rank() == 0 || b.rank() == 0)
    throw Error(ErrorCode::shape, "matmul",
                "both must have at least 1 dimension, got " + to_string(a.shape()) + " and " + to_string(b.shape()),
                {a.shape(), b.shape()});
  require_float("matmul", a);
  require_float("matmul", b);
  const Tensor left = a.rank() == 1 ? reshape(a, {1, a.size(0)}) : a;
  const Tensor right = b.rank() == 1 ? reshape(b, {b.size(0), 1}) : b;
  if (left.size(-1) != right.size(-2))
    throw Error(ErrorCode::shape, "matmul",
                to_string(a.shape()) + " and " + to_string(b.shape()) + " do not multiply: " +
                    std::to_string(left.size(-1)) + " columns against " + std::to_string(right.size(-2)) + " rows",
                {a.shape(), b.shape()});
  const Tensor out = product(left, right);
  if (recording({left, right}))
    record("matmul", out, {left, right}, [x = Saved(left), w = Saved(right)](const Tensor& g, Gradients& to) {
      if (to.wants(0)) to.add(0, sum_to(product(g, turned(w.get())), x.get().shape()));
      if (to.wants(1)) to.add(1, summed_product(x.get(), g, w.get().shape()));
    });
  if (a.rank() > 1 && b.rank() > 1) return out;
  Shape shape = out.shape();
  if (b.rank() == 1) shape.pop_back();
  if (a.rank() == 1) shape.erase(shape.end() - (b.rank() == 1 ? 1 : 2));
  return reshape(out, shape);
}

namespace {

void check_linear(const Tensor& x, const Shape& weight, const Tensor& bias) {
  require_float("linear", x);
  if (x.rank() < 1 || weight.size() != 2 || x.size(-1) != weight[1])
    throw Error(ErrorCode::shape, "linear",
                "weight must be [O,I] with I the last size of x " + to_string(x.shape()) + ", got " + to_string(weight),
                {x.shape(), weight});
  if (bias.defined() && bias.shape() != Shape{weight[0]})
    throw Error(ErrorCode::shape, "linear",
                "bias must be [" + std::to_string(weight[0]) + "] to match weight " + to_string(weight) + ", got " +
                    to_string(bias.shape()),
                {weight, bias.shape()});
}

/// The result [...,O] of x [...,I], by f on matrices: a vector is a row.
template <class F>
Tensor as_rows(const Tensor& x, Index features, F f) {
  Shape shape = x.shape();
  shape.back() = features;
  const Tensor out = Tensor::empty(shape);
  if (x.rank() == 1)
    f(x.restrided({1, x.size(0)}, {0, x.strides()[0]}).view(), Out{out.data(), {1, features}, {features, 1}});
  else
    f(x.view(), out.out());
  return out;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, std::optional<ops::Unary> activation) {
  require_float("linear", weight);
  check_linear(x, weight.shape(), bias);
  const Tensor b = optional_dense("linear", bias);
  const bool recorded = recording({x, weight, bias});
  // What an activation's slope needs is its input for some: these are then kept, and the activation applied after.
  const bool apart = recorded && activation && ops::from_input(*activation);
  const Tensor sums = as_rows(x, weight.size(0), [&](const In& rows, const Out& out) {
    ops::linear(rows, weight.view(), view_of(b), apart ? std::nullopt : activation, out);
  });
  if (!recorded) return sums;
  Tensor out = sums;
  if (apart) {
    out = Tensor::empty(sums.shape());
    ops::unary(*activation, sums.view(), out.out());
  }
  record("linear", out, {x, weight, bias},
         [activation, in = Saved(x), w = Saved(weight), kept = activation ? Saved(sums.detach()) : Saved({})](
             const Tensor& g, Gradients& to) {
           Tensor gradient = g;
           if (activation) {
             gradient = Tensor::empty(g.shape());
             ops::unary_backward(*activation, kept.get().view(), g.view(), gradient.out());
           }
           const Index features = gradient.size(-1);
           const Tensor rows = reshape(gradient, {features == 0 ? 0 : gradient.numel() / features, features});
           if (to.wants(0)) to.add(0, reshape(product(rows, w.get()), in.get().shape()));
           if (to.wants(1)) to.add(1, summed_product(rows, dense("linear", in.get()), w.get().shape()));
           if (to.wants(2)) to.add(2, reduce(ops::Reduction::sum, rows, 0));
         });
  return out;
}

ops::PackedMatrix pack_linear(const Tensor& weight) {
  require_float("pack_linear", weight);
  if (weight.rank() != 2)
    throw Error(ErrorCode::shape, "pack_linear", "weight must be [O,I], got " + to_string(weight.shape()),
                {weight.shape()});
  return ops::PackedMatrix(turned(weight.detach()).view());
}

Tensor linear(const Tensor& x, const ops::PackedMatrix& weight, const Tensor& bias,
              std::optional<ops::Unary> activation) {
  check_linear(x, {weight.columns(), weight.rows()}, bias);
  const Tensor given = dense("linear", x), b = optional_dense("linear", bias);
  const Index features = weight.rows(), count = numel(Shape(x.shape().begin(), x.shape().end() - 1));
  return as_rows(given, weight.columns(), [&](const In&, const Out& out) {
    ops::matmul({given.data(), {count, features}, {features, 1}}, weight, view_of(b), activation,
                {out.data, {count, weight.columns()}, {weight.columns(), 1}});
  });
}

Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, const ops::Conv1d& options) {
  const Tensor x = dense("conv1d", input), w = dense("conv1d", weight), b = optional_dense("conv1d", bias);
  const Tensor out = Tensor::empty(ops::conv1d_shape(x.view(), w.view(), view_of(b), options));
  ops::conv1d(x.view(), w.view(), view_of(b), options, out.out());
  if (recording({input, weight, bias}))
    record("conv1d", out, {input, weight, bias},
           [options, in = Saved(input), by = Saved(weight)](const Tensor& g, Gradients& to) {
             const Tensor given = dense("conv1d", in.get()), taps = dense("conv1d", by.get());
             const Tensor to_x = zeros(given.shape()), to_w = zeros(taps.shape());
             ops::conv1d_backward(given.view(), taps.view(), options, g.view(), to_x.out(), to_w.out());
             to.add(0, to_x);
             to.add(1, to_w);
             if (to.wants(2)) to.add(2, reduce(ops::Reduction::sum, reduce(ops::Reduction::sum, g, 2), 0));
           });
  return out;
}

}  // namespace attn
