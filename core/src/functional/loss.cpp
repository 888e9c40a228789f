#include <cmath>

#include "attn/losses.hpp"
#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

Tensor reduced(const Tensor& losses, LossReduction reduction) {
  if (reduction == LossReduction::none) return losses;
  return reduce(reduction == LossReduction::sum ? ops::Reduction::sum : ops::Reduction::mean, losses);
}

void require_same(const char* op, const Tensor& x, const Tensor& target) {
  require_float(op, x);
  require_float(op, target);
  if (x.shape() != target.shape())
    throw Error(ErrorCode::shape, op,
                "target must be " + to_string(x.shape()) + " as the input, got " + to_string(target.shape()),
                {x.shape(), target.shape()});
}

/// [N,C,d...] as rows [N·d...,C].
Tensor class_rows(const Tensor& x) {
  if (x.rank() <= 2) return reshape(x, {-1, x.size(-1)});
  Shape dims{0};
  for (Index dim = 2; dim < x.rank(); ++dim) dims.push_back(dim);
  dims.push_back(1);
  return reshape(permute(x, dims), {-1, x.size(1)});
}

/// Against probabilities: written with log_softmax, since the target then has a row of its own for each row of logits.
Tensor soft_cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  const Index dim = logits.rank() == 1 ? 0 : 1, classes = logits.size(dim);
  const auto scaled = [](const Tensor& x, double by) { return times(x, full({}, static_cast<float>(by))); };
  Tensor goal = target;
  if (o.label_smoothing != 0)
    goal = plus(scaled(target, 1 - o.label_smoothing),
                full({}, static_cast<float>(o.label_smoothing / static_cast<double>(classes))));
  if (o.weight.defined()) {
    Shape column(static_cast<std::size_t>(logits.rank()), 1);
    column[static_cast<std::size_t>(dim)] = classes;
    goal = times(goal, reshape(o.weight, column));
  }
  const Tensor losses = unary(ops::Unary::neg, reduce(ops::Reduction::sum, times(log_softmax(logits, dim), goal), dim));
  return reduced(losses, o.reduction);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& o) {
  constexpr const char* op = "cross_entropy";
  require_float(op, logits);
  if (logits.rank() < 1 || logits.size(logits.rank() == 1 ? 0 : 1) < 1)
    throw Error(ErrorCode::shape, op,
                "logits must be [C], [N,C] or [N,C,d...] with at least 1 class, got " + to_string(logits.shape()),
                {logits.shape()});
  const Index classes = logits.size(logits.rank() == 1 ? 0 : 1);
  if (o.weight.defined() && o.weight.shape() != Shape{classes})
    throw Error(ErrorCode::shape, op, "weight must be " + to_string({classes}) + ", got " + to_string(o.weight.shape()),
                {{classes}, o.weight.shape()});
  if (!(o.label_smoothing >= 0 && o.label_smoothing <= 1))
    throw Error(ErrorCode::range, op, "label_smoothing must be from 0 to 1, got " + std::to_string(o.label_smoothing));
  if (target.dtype() == DType::float32) {
    require_same(op, logits, target);
    return soft_cross_entropy(logits, target, o);
  }
  Shape wanted = logits.shape();
  wanted.erase(wanted.begin() + (logits.rank() == 1 ? 0 : 1));
  if (target.shape() != wanted)
    throw Error(ErrorCode::shape, op,
                "target classes must be " + to_string(wanted) + " to match logits " + to_string(logits.shape()) +
                    ", got " + to_string(target.shape()),
                {wanted, target.shape()});

  const Tensor rows = class_rows(logits);  // noted by itself, as a change of shape
  const Tensor given = dense(op, rows), weight = optional_dense(op, o.weight), list = contiguous(target);
  const ops::ClassTargets targets{list.values<std::int32_t>(), weight.defined() ? weight.data() : nullptr,
                                  o.ignore_index, o.label_smoothing};
  const Tensor losses = Tensor::empty({rows.size(0)});
  const double total_weight = ops::cross_entropy(given.view(), targets, losses.out());
  const Tensor sum = reduce(ops::Reduction::sum, losses);
  const double by = o.reduction == LossReduction::mean ? 1 / total_weight : 1;  // of no rows: NaN, as in PyTorch
  Tensor out = losses;
  if (o.reduction != LossReduction::none) out = full({}, static_cast<float>(static_cast<double>(*sum.data()) * by));
  if (recording({rows}))
    record(op, out, {rows},
           [by, smoothing = o.label_smoothing, ignore = o.ignore_index, in = Saved(given), list = Saved(list),
            weight = Saved(weight)](const Tensor& g, Gradients& to) {
             const ops::ClassTargets kept{list.get().values<std::int32_t>(),
                                          weight.get().defined() ? weight.get().data() : nullptr, ignore, smoothing};
             const Tensor gradient = Tensor::empty(in.get().shape());
             ops::cross_entropy_backward(in.get().view(), kept, {g.data(), {g.numel()}, {1}}, by, gradient.out());
             to.add(0, gradient);
           });
  return o.reduction == LossReduction::none ? reshape(out, wanted) : out;
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const BinaryCrossEntropyOptions& o) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  require_same(op, logits, target);
  const auto wide = [&](const Tensor& x) {
    if (!x.defined()) return x;
    require_float(op, x);
    if (broadcast_shapes(op, logits.shape(), x.shape()) != logits.shape())
      throw Error(ErrorCode::shape, op,
                  "weights must broadcast to " + to_string(logits.shape()) + ", got " + to_string(x.shape()),
                  {logits.shape(), x.shape()});
    const In repeated = broadcast_to(x.view(), logits.shape());
    return dense(op, x.restrided(repeated.shape, repeated.strides));
  };
  const Tensor x = dense(op, logits), t = dense(op, target), positive = wide(o.pos_weight);
  Tensor losses = Tensor::empty(logits.shape());
  ops::binary_cross_entropy(x.view(), t.view(), view_of(positive), losses.out());
  if (recording({logits, target}))
    record(op, losses, {logits, target},
           [x = Saved(x), t = Saved(t), positive = Saved(positive)](const Tensor& g, Gradients& to) {
             const In at = x.get().view(), by = view_of(positive.get());
             const Tensor slope = Tensor::empty(g.shape());
             if (to.wants(0)) {
               ops::binary_cross_entropy_backward(at, t.get().view(), by, slope.out());
               to.add(0, times(slope, g));
             }
             if (to.wants(1)) {  // the loss is linear in the target: what it is at 1 less what it is at 0
               const Tensor at_0 = Tensor::empty(g.shape());
               ops::binary_cross_entropy(at, full(g.shape(), 1).view(), by, slope.out());
               ops::binary_cross_entropy(at, full(g.shape(), 0).view(), by, at_0.out());
               to.add(1, times(minus(slope, at_0), g));
             }
           });
  if (o.weight.defined()) losses = times(losses, wide(o.weight));
  return reduced(losses, o.reduction);
}

Tensor mse_loss(const Tensor& input, const Tensor& target, LossReduction reduction) {
  require_same("mse_loss", input, target);
  const Tensor difference = minus(input, target);
  return reduced(times(difference, difference), reduction);
}

}  // namespace attn
