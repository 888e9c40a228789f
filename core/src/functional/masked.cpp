#include "masked.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attn::detail {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool all_finite(const Tensor& x) {
  return std::ranges::all_of(x.values(), [](float v) { return std::isfinite(v); });
}

/// Whether a key, at its place among contiguous weights and scores, counts for nothing.
bool idle(const Tensor& weights, const Tensor& masked, Index at) {
  return weights.data()[at] == 0 && masked.data()[at] == -kInfinity;
}

/// a [...,T,S], contiguous, · b [...,S,D], one for each of a or one for all, without a_ts · b_sd where left_out(place
/// of a_ts), an a of 0. What is finite needs no care then, and what is not always shows in the product.
template <class LeftOut>
Tensor product_without(const Tensor& a, const Tensor& b, LeftOut left_out) {
  const Tensor out = matmul(a, b);
  if (all_finite(out)) return out;
  const Tensor rows = contiguous(b);
  const Tensor sum = matmul(a, masked_fill(rows, where(rows, [](float v) { return !std::isfinite(v); }), 0));
  const Index s = a.size(-1), d = b.size(-1), queries = a.numel() * d / rows.numel();  // of one b
  for (Index at = 0; at < rows.numel(); ++at) {
    const float value = rows.data()[at];
    if (std::isfinite(value)) continue;
    const Index first = at / d / s * queries, key = at / d % s;
    for (Index query = first; query < first + queries; ++query)
      if (!left_out(query * s + key)) sum.data()[query * d + at % d] += a.data()[query * s + key] * value;
  }
  return sum;
}

}  // namespace

Tensor masked_out(const Tensor& scores) {
  return where(scores, [](float v) { return v == -kInfinity; });
}

Tensor product_of_nonzero(const Tensor& a, const Tensor& b) {
  const NoGrad quiet;
  const Tensor given = contiguous(a);
  return product_without(given, b, [&](Index at) { return given.data()[at] == 0; });
}

Tensor dot_scores(const Tensor& query, const Tensor& key) {
  Tensor scores;
  {
    const NoGrad quiet;
    scores = matmul(query, turned(key));
  }
  if (recording({query, key}))
    record("dot_scores", scores, {query, key}, [q = Saved(query), k = Saved(key)](const Tensor& g, Gradients& to) {
      if (to.wants(0)) to.add(0, product_of_nonzero(g, k.get()));
      if (to.wants(1)) to.add(1, sum_to(matmul(turned(g), q.get()), k.get().shape()));
    });
  return scores;
}

Tensor add_mask(const Tensor& scores, const Tensor& mask) {
  if (!mask.defined()) return scores;
  require_float("add_mask", scores);
  require_float("add_mask", mask);
  const Tensor masked = Tensor::empty(broadcast_shapes("add_mask", scores.shape(), mask.shape()));
  ops::add_mask(scores.view(), mask.view(), masked.out());
  if (recording({scores, mask}))
    record("add_mask", masked, {scores, mask},
           [own = scores.shape(), given = Saved(mask)](const Tensor& g, Gradients& to) {
             const Tensor open = masked_fill(g, masked_out(given.get()), 0);
             if (to.wants(0)) to.add(0, sum_to(open, own));
             if (to.wants(1)) to.add(1, sum_to(open, given.get().shape()));
           });
  return masked;
}

Tensor weights_gradient(const Tensor& gradient, const Tensor& weights, const Tensor& value, const Tensor& masked) {
  const NoGrad quiet;
  const Tensor out = matmul(gradient, turned(value));
  if (!masked.defined() || all_finite(out)) return out;
  const Tensor w = contiguous(weights), scores = contiguous(masked);
  for (Index i = 0; i < out.numel(); ++i)
    if (idle(w, scores, i)) out.data()[i] = 0;
  return out;
}

Tensor weighted_sum(const Tensor& weights, const Tensor& value, const Tensor& masked) {
  if (!masked.defined()) return matmul(weights, value);
  Tensor sum;
  {
    const NoGrad quiet;
    const Tensor w = contiguous(weights), scores = contiguous(masked);
    sum = product_without(w, value, [&](Index at) { return idle(w, scores, at); });
  }
  if (recording({weights, value}))
    record("weighted_sum", sum, {weights, value},
           [w = Saved(weights), v = Saved(value), scores = Saved(masked.detach())](const Tensor& g, Gradients& to) {
             if (to.wants(0)) to.add(0, weights_gradient(g, w.get(), v.get(), scores.get()));
             if (to.wants(1)) to.add(1, sum_to(matmul(turned(w.get()), g), v.get().shape()));
           });
  return sum;
}

}  // namespace attn::detail
