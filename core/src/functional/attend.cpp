// The plain path of attention: its numbers come from ops::attend, and each of its five stages is noted as an operator
// of its own, so that a gradient may start from any of them.
#include <cmath>

#include "masked.hpp"

namespace attn {

using namespace detail;

namespace {

Tensor row_sums(const Tensor& x) { return reduce(ops::Reduction::sum, x, -1, true); }

/// [...,T,H·D] as [...,H,T,D], and back.
Tensor split_heads(const Tensor& x, Index heads) {
  if (heads == 1) return x;
  Shape shape = x.shape();
  shape.back() /= heads;
  shape.insert(shape.end() - 1, heads);
  return transpose(reshape(x, shape), -2, -3);
}
Tensor join_heads(const Tensor& x, Index heads) {
  if (heads == 1) return x;
  const Tensor rows = transpose(x, -2, -3);
  Shape shape = rows.shape();
  shape.pop_back();
  shape.back() = heads * x.size(-1);
  return reshape(rows, shape);
}

/// Where a score's gradient goes: the inputs of its note, in this order.
enum Input : std::size_t { kQuery, kKey, kWeight, kBias, kQueryWeight, kKeyWeight, kScoreVector };

/// Lengths of the rows of x [...,N,D] -> [...,N,1]; 1 for a zero row, whose scores are 0 whatever it is divided by.
Tensor lengths(const Tensor& x) {
  const Tensor length = unary(ops::Unary::sqrt, row_sums(times(x, x)));
  return masked_fill(length, where(length, [](float v) { return v == 0; }), 1);
}

/// From the gradient g [...,T,S] of scores of the heads q and k to those of everything that they were made of. A score
/// without one, as a masked key's is, leaves its key out, which may hold NaN.
void differentiate_scores(const AttendOptions& o, const Tensor& q, const Tensor& k, const Tensor& scores,
                          const Tensor& g, Gradients& to) {
  const auto to_query = [&](const Tensor& x) { to.add(kQuery, join_heads(x, o.heads)); };
  const auto to_key = [&](const Tensor& x) { to.add(kKey, join_heads(x, o.heads)); };
  switch (o.score) {
    case Score::dot:
    case Score::scaled_dot: to_query(product_of_nonzero(g, k)); return to_key(matmul(turned(g), q));
    case Score::sqrt_norm:
    case Score::cosine: {
      // c = q·k / n(q) n(k): dc/dq = k / n(q) n(k) - p c q / ‖q‖², n = ‖·‖ and p = 1, or their root and a half.
      const bool root = o.score == Score::sqrt_norm;
      const Tensor q_length = lengths(q), k_length = lengths(k);
      const auto without = [](const Tensor& x, const Tensor& zeros) {
        return masked_fill(x, where(zeros, [](float v) { return v == 0; }), 0);
      };
      const Tensor share = without(times(g, times(scores, full({}, root ? 0.5f : 1))), g);
      const auto norm = [root](const Tensor& x) { return root ? unary(ops::Unary::sqrt, x) : x; };
      const Tensor by = without(over(over(g, norm(q_length)), turned(norm(k_length))), g);
      const auto pulled = [&](const Tensor& x, const Tensor& length, const Tensor& sums) {
        return without(over(over(times(x, sums), length), length), sums);
      };
      to_query(minus(product_of_nonzero(by, k), pulled(q, q_length, row_sums(share))));
      return to_key(minus(matmul(turned(by), q), pulled(k, k_length, row_sums(turned(share)))));
    }
    case Score::general: {
      const Tensor to_product = product_of_nonzero(g, k);
      to_query(matmul(to_product, turned(o.weight)));
      to_key(matmul(turned(g), matmul(q, o.weight)));
      return to.add(kWeight, sum_to(matmul(turned(q), to_product), o.weight.shape()));
    }
    case Score::location:
      to_query(matmul(g, o.weight));
      to.add(kWeight, sum_to(matmul(turned(g), q), o.weight.shape()));
      if (o.bias.defined()) to.add(kBias, sum_to(g, o.bias.shape()));
      return;
    case Score::additive: {
      const Tensor vector = dense("attend", o.score_vector);
      const Tensor projected_q = dense("attend", linear(q, o.query_weight)),
                   projected_k = dense("attend", linear(k, o.key_weight));
      const Tensor to_q = zeros(projected_q.shape()), to_k = zeros(projected_k.shape()), to_v = zeros(vector.shape());
      ops::additive_scores_backward(projected_q.view(), projected_k.view(), vector.view(), dense("attend", g).view(),
                                    {to_q.out(), to_k.out(), to_v.out()});
      to_query(matmul(to_q, o.query_weight));
      to_key(matmul(to_k, o.key_weight));
      to.add(kQueryWeight, sum_to(matmul(turned(to_q), q), o.query_weight.shape()));
      to.add(kKeyWeight, sum_to(product_of_nonzero(turned(to_k), k), o.key_weight.shape()));
      return to.add(kScoreVector, to_v);
    }
  }
}

/// From the gradient g of weights to that of the masked scores.
Tensor differentiate_weights(Normalizer normalizer, const Tensor& masked, const Tensor& weights, const Tensor& g) {
  const auto softmax_slope = [](const Tensor& y, const Tensor& dy) {
    return times(y, minus(dy, row_sums(times(y, dy))));
  };
  switch (normalizer) {
    case Normalizer::softmax: return softmax_slope(weights, g);
    case Normalizer::double_softmax: return softmax_slope(softmax(masked, -1), softmax_slope(weights, g));
    case Normalizer::sparsemax: {
      const Tensor support = where(weights, [](float w) { return w > 0; });
      const Tensor count = plus(row_sums(support), where(row_sums(support), [](float n) { return n == 0; }));
      return times(support, minus(g, over(row_sums(times(support, g)), count)));
    }
    case Normalizer::sum: {
      const Tensor total = row_sums(masked_fill(masked, masked_out(masked), 0));
      const Tensor by = masked_fill(total, where(total, [](float v) { return v == 0; }), 1);  // a row without keys
      return over(minus(g, row_sums(times(g, weights))), by);
    }
  }
  return g;
}

void record_stages(const Tensor& query, const Tensor& key, const Tensor& value, const AttendOptions& o,
                   const Attention& out) {
  const std::vector<Tensor> sources{query, key, o.weight, o.bias, o.query_weight, o.key_weight, o.score_vector};
  if (recording(sources)) {
    std::vector<Saved> kept(sources.begin(), sources.end());
    record("attend", out.scores, sources,
           [o, kept, scores = Saved(out.scores.detach())](const Tensor& g, Gradients& to) {
             for (const Saved& x : kept) x.get();
             differentiate_scores(o, split_heads(kept[kQuery].get(), o.heads), split_heads(kept[kKey].get(), o.heads),
                                  scores.get(), g, to);
           });
    const double own = o.score == Score::scaled_dot ? 1 / std::sqrt(static_cast<double>(query.size(-1) / o.heads)) : 1;
    const auto factor = static_cast<float>(o.scale.value_or(own) / o.temperature);
    record("attend", out.scaled, {out.scores},
           [factor](const Tensor& g, Gradients& to) { to.add(0, times(g, full({}, factor))); });
  }
  const Tensor masked = out.masked.detach(), weights = out.weights.detach();
  if (recording({out.scaled, o.mask.additive}))
    record("attend", out.masked, {out.scaled, o.mask.additive},
           [kept = Saved(masked), additive = o.mask.additive.shape()](const Tensor& g, Gradients& to) {
             const Tensor inside = masked_fill(g, masked_out(kept.get()), 0);
             to.add(0, inside);
             if (to.wants(1)) to.add(1, sum_to(inside, additive));
           });
  if (recording({out.masked}))
    record(
        "attend", out.weights, {out.masked},
        [normalizer = o.normalizer, masked = Saved(masked), weights = Saved(weights)](const Tensor& g, Gradients& to) {
          // A masked key has no gradient, whatever comes back through its weight.
          to.add(0, masked_fill(differentiate_weights(normalizer, masked.get(), weights.get(), g),
                                masked_out(masked.get()), 0));
        });
  if (recording({out.weights, value}))
    record("attend", out.output, {out.weights, value},
           [heads = o.heads, kept = Saved(value), weights = Saved(weights), masked = Saved(masked)](const Tensor& g,
                                                                                                    Gradients& to) {
             const Tensor gradient = split_heads(g, heads), v = split_heads(kept.get(), heads);
             if (to.wants(0)) to.add(0, weights_gradient(gradient, weights.get(), v, masked.get()));
             if (to.wants(1)) to.add(1, join_heads(matmul(turned(weights.get()), gradient), heads));
           });
}

}  // namespace

Attention attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttendOptions& options) {
  const Tensor q = dense("attend", query), k = dense("attend", key), v = dense("attend", value);
  const Tensor weight = optional_dense("attend", options.weight), bias = optional_dense("attend", options.bias);
  const Tensor query_weight = optional_dense("attend", options.query_weight);
  const Tensor key_weight = optional_dense("attend", options.key_weight);
  const Tensor score_vector = optional_dense("attend", options.score_vector);
  const MaskView mask("attend", options.mask);
  const ops::AttendOptions view{.score = options.score,
                                .normalizer = options.normalizer,
                                .mask = mask.mask,
                                .scale = options.scale,
                                .temperature = options.temperature,
                                .heads = options.heads,
                                .weight = view_of(weight),
                                .bias = view_of(bias),
                                .query_weight = view_of(query_weight),
                                .key_weight = view_of(key_weight),
                                .score_vector = view_of(score_vector)};
  const ops::AttendShapes shapes = ops::attend_shapes(q.view(), k.view(), v.view(), view);
  Attention out{Tensor::empty(shapes.scores), Tensor::empty(shapes.scores), Tensor::empty(shapes.scores),
                Tensor::empty(shapes.scores), Tensor::empty(shapes.output)};
  ops::attend(q.view(), k.view(), v.view(), view,
              {out.scores.out(), out.scaled.out(), out.masked.out(), out.weights.out(), out.output.out()});
  record_stages(query, key, value, options, out);
  return out;
}

}  // namespace attn
