#include <limits>

#include "../functional/heads.hpp"
#include "../functional/masked.hpp"
#include "attention_masks.hpp"
#include "attn/autograd.hpp"
#include "attn/error.hpp"
#include "attn/nn/attention.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

constexpr const char* kMultihead = "MultiheadAttention";

using detail::Heads;

Index divided(const char* what, Index whole, Index by) {
  if (by < 1 || whole % by != 0)
    throw Error(
        ErrorCode::range, kMultihead,
        std::string(what) + " must be at least 1 and divide " + std::to_string(whole) + ", got " + std::to_string(by));
  return whole / by;
}

/// x [B,H,T,X] as [B,G,H/G·T,X]: the rows of heads that share one of keys make one matrix.
Tensor grouped(const Tensor& x, Index groups) {
  if (x.size(1) == groups) return x;
  return reshape(x, {x.size(0), groups, x.size(1) / groups * x.size(2), x.size(3)});
}
/// Back from there.
Tensor ungrouped(const Tensor& x, Index heads) {
  if (x.size(1) == heads) return x;
  return reshape(x, {x.size(0), heads, x.size(1) * x.size(2) / heads, x.size(3)});
}

/// 0 where s <= first + t, else -inf; [T,S].
Tensor causal_mask(Index queries, Index keys, Index first) {
  const Tensor mask = zeros({queries, keys});
  for (Index t = 0; t < queries; ++t)
    for (Index s = first + t + 1; s < keys; ++s) mask.data()[t * keys + s] = -std::numeric_limits<float>::infinity();
  return mask;
}

}  // namespace

/// What a call is about. keys counts those of the cache too, but not what bias_k and add_zero_attn add.
struct MultiheadAttention::Sizes {
  bool batched, batch_first;
  Index batches, queries, keys, first;
  Index added;
};

MultiheadAttention::MultiheadAttention(const MultiheadAttentionOptions& o)
    : options_(o),
      kv_heads_(o.num_kv_heads.value_or(o.num_heads)),
      head_dim_(divided("num_heads", at_least_1(kMultihead, "embed_dim", o.embed_dim), o.num_heads)),
      in_proj_weight_(register_parameter("in_proj_weight", {})),
      q_proj_weight_(register_parameter("q_proj_weight", {})),
      k_proj_weight_(register_parameter("k_proj_weight", {})),
      v_proj_weight_(register_parameter("v_proj_weight", {})),
      in_proj_bias_(register_parameter("in_proj_bias", {})),
      bias_k_(register_parameter("bias_k", {})),
      bias_v_(register_parameter("bias_v", {})) {
  divided("num_kv_heads", o.num_heads, kv_heads_);
  probability(kMultihead, o.dropout);
  if (o.rotary && head_dim_ % 2 != 0)
    throw Error(ErrorCode::range, kMultihead,
                "rotary needs heads of even size, got " + std::to_string(o.embed_dim) + " features in " +
                    std::to_string(o.num_heads) + " heads");
  const Index e = o.embed_dim, kv = kv_heads_ * head_dim_;
  const Index kdim = at_least_1(kMultihead, "kdim", o.kdim.value_or(e)),
              vdim = at_least_1(kMultihead, "vdim", o.vdim.value_or(e));
  const auto learned = [](Tensor& parameter, const Tensor& x) { (parameter = x).set_requires_grad(true); };
  if (kdim == e && vdim == e && kv == e) {
    learned(in_proj_weight_, xavier_uniform({3 * e, e}));
  } else {
    learned(q_proj_weight_, xavier_uniform({e, e}));
    learned(k_proj_weight_, xavier_uniform({kv, kdim}));
    learned(v_proj_weight_, xavier_uniform({kv, vdim}));
  }
  if (o.bias) learned(in_proj_bias_, zeros({e + 2 * kv}));
  if (o.add_bias_kv) {
    // Xavier's normal: the deviation √(2 / (kv + kv)).
    const Tensor deviation = full({}, static_cast<float>(1 / std::sqrt(static_cast<double>(kv))));
    learned(bias_k_, times(randn({1, 1, kv}), deviation));
    learned(bias_v_, times(randn({1, 1, kv}), deviation));
  }
  out_proj_ = register_module("out_proj", std::make_shared<Linear>(LinearOptions{e, e, o.bias}));
  if (o.bias) std::ranges::fill(out_proj_->bias.values(), 0.0f);
}

MultiheadAttention::Adaptation MultiheadAttention::adapt(const Tensor&, const Probe&) const { return {}; }

MultiheadAttention::Sizes MultiheadAttention::checked(const Tensor& query, const Tensor& key, const Tensor& value,
                                                      const MultiheadAttentionCall& call) const {
  const bool batched = query.rank() == 3;
  if (query.rank() != 2 && !batched)
    throw Error(ErrorCode::shape, kMultihead,
                std::string("query must be [T,E] or ") + (options_.batch_first ? "[B,T,E]" : "[T,B,E]") + ", got " +
                    to_string(query.shape()),
                {query.shape()});
  const auto require = [&](const char* what, const Tensor& x, Index features) {
    detail::require_float(kMultihead, x);
    if (x.rank() != query.rank() || x.size(-1) != features)
      throw Error(ErrorCode::shape, kMultihead,
                  std::string(what) + " must have " + std::to_string(query.rank()) + " dimensions and end in " +
                      std::to_string(features) + ", got " + to_string(x.shape()),
                  {x.shape()});
  };
  require("query", query, options_.embed_dim);
  require("key", key, options_.kdim.value_or(options_.embed_dim));
  require("value", value, options_.vdim.value_or(options_.embed_dim));
  const Index batch = options_.batch_first ? 0 : 1, row = batched && options_.batch_first ? 1 : 0;
  if (key.size(row) != value.size(row) ||
      (batched && (key.size(batch) != query.size(batch) || value.size(batch) != query.size(batch))))
    throw Error(ErrorCode::shape, kMultihead,
                "key and value must have equal rows, and the batches of query " + to_string(query.shape()) + ", got " +
                    to_string(key.shape()) + " and " + to_string(value.shape()),
                {query.shape(), key.shape(), value.shape()});
  const Index first = call.cache ? call.cache->length() : 0;
  return {batched,
          options_.batch_first || !batched,
          batched ? query.size(batch) : 1,
          query.size(row),
          first + key.size(row),
          first,
          Index{options_.add_bias_kv} + Index{options_.add_zero_attn}};
}

std::vector<Tensor> MultiheadAttention::project(const Tensor& query, const Tensor& key, const Tensor& value,
                                                bool query_apart) const {
  const Index e = options_.embed_dim, kv = kv_heads_ * head_dim_, all = e + 2 * kv;
  const auto by = [&](const Tensor& x, const Tensor& weight, Index begin, Index end) {
    const bool whole = begin == 0 && end == all;
    const Tensor bias = whole || !in_proj_bias_.defined() ? in_proj_bias_ : slice(in_proj_bias_, 0, begin, end);
    return linear(x, weight, bias);
  };
  if (!in_proj_weight_.defined())
    return {by(query, q_proj_weight_, 0, e), by(key, k_proj_weight_, e, e + kv),
            by(value, v_proj_weight_, e + kv, all)};
  const auto part = [&](const Tensor& x, Index begin, Index end) {
    return by(x, slice(in_proj_weight_, 0, begin, end), begin, end);
  };
  if (!key.is(value)) return {part(query, 0, e), part(key, e, e + kv), part(value, e + kv, all)};
  if (!query.is(key) || query_apart) return {part(query, 0, e), part(key, e, all)};
  return {by(query, in_proj_weight_, 0, all)};
}

Mask MultiheadAttention::mask_of(const MultiheadAttentionCall& call, const Sizes& n, bool plain) const {
  const Index b = n.batches, h = options_.num_heads, t = n.queries;
  // The fused path takes causality and lengths as they are, and computes nothing that these leave out.
  const bool as_is = !plain && n.added == 0;
  Mask mask;
  Tensor& sum = mask.additive;
  const auto add = [&](const Tensor& term) { sum = sum.defined() ? detail::add_mask(sum, term) : term; };
  if (call.attn_mask.defined()) {
    const Tensor& given = call.attn_mask;
    if (given.shape() != Shape{t, n.keys} && given.shape() != Shape{b * h, t, n.keys})
      throw Error(ErrorCode::shape, kMultihead,
                  "attn_mask must be " + to_string({t, n.keys}) + " or " + to_string({b * h, t, n.keys}) + ", got " +
                      to_string(given.shape()),
                  {{t, n.keys}, {b * h, t, n.keys}, given.shape()});
    const Tensor term = additive_mask(kMultihead, "attn_mask", given);
    add(given.rank() == 2 ? term : reshape(term, {b, h, t, n.keys}));
  }
  if (call.is_causal) {
    if (as_is && n.first == 0)
      mask.causal = true;
    else
      add(causal_mask(t, n.keys, n.first));
  }
  if (options_.alibi) add(alibi(h, t, n.keys));
  if (call.key_padding_mask.defined()) {
    const Mask padding = padding_mask(kMultihead, call.key_padding_mask, b, n.keys, as_is);
    mask.lengths = padding.lengths;
    if (padding.additive.defined()) add(reshape(padding.additive, {b, 1, 1, n.keys}));
  }
  if (n.added > 0 && sum.defined()) {  // what stands behind the keys is open to all
    Shape open = sum.shape();
    open.back() = n.added;
    sum = cat({sum, zeros(open)}, -1);
  }
  return mask;
}

Tensor MultiheadAttention::extended(const Tensor& x, const Tensor& learned) const {
  const Shape row{x.size(0), x.size(1), 1, x.size(3)};
  std::vector<Tensor> rows{x};
  if (learned.defined()) rows.push_back(plus(zeros(row), reshape(learned, {1, row[1], 1, row[3]})));
  if (options_.add_zero_attn) rows.push_back(zeros(row));
  return rows.size() == 1 ? x : cat(rows, 2);
}

MultiheadAttention::Stages MultiheadAttention::stages(const Tensor& query, const Tensor& key, const Tensor& value,
                                                      const Tensor& additive, const Probe& probe) const {
  Stages found;
  const auto seen = [&](const char* name, const Tensor& x) {
    const Tensor y = probe(name, x);
    found.replaced = found.replaced || !y.is(x);
    return y;
  };
  const Tensor q = seen("q", query), k = seen("k", key);
  found.value = seen("v", value);
  const Tensor scores = seen("scores", ungrouped(detail::dot_scores(grouped(q, kv_heads_), k), options_.num_heads));
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim_)));
  const Tensor scaled = seen("scaled", times(scores, full({}, scale)));
  found.masked = seen("masked", detail::add_mask(scaled, additive));
  found.weights = seen("weights", softmax(found.masked, -1));
  return found;
}

AttentionResult MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const MultiheadAttentionCall& call) const {
  const Sizes n = checked(query, key, value, call);
  // The path depends on what is asked for, never on the probe: looking changes nothing.
  const bool plainly = call.need_weights || (options_.dropout > 0 && training()) ||
                       autograd::recording({call.attn_mask, call.key_padding_mask});
  const Mask mask = mask_of(call, n, plainly);
  const Adaptation adaptation = adapt(query, call.probe);

  // A batch of one where there is none; what is one tensor stays one.
  const auto batch = [&](const Tensor& x) { return n.batched ? x : reshape(x, {1, x.size(0), x.size(1)}); };
  const Tensor q_rows = batch(query), k_rows = key.is(query) ? q_rows : batch(key),
               v_rows = value.is(key) ? k_rows : batch(value);
  Heads heads{.projected = project(q_rows, k_rows, v_rows, adaptation.temperatures.defined()),
              .num_heads = options_.num_heads,
              .num_kv_heads = kv_heads_,
              .head_dim = head_dim_,
              .batch_first = n.batch_first,
              .rotary_base = options_.rotary ? std::optional<double>(10000) : std::nullopt,
              .first_position = n.first};
  if (adaptation.temperatures.defined()) {  // the scores of q / τ are those of q, divided by τ
    Tensor& projected = heads.projected[0];
    const Shape shape = projected.shape(), by{shape[0], shape[1], options_.num_heads, 1};
    const Tensor rows = reshape(projected, {by[0], by[1], by[2], head_dim_});
    projected = reshape(over(rows, reshape(adaptation.temperatures, by)), shape);
  }

  const bool staged = plainly || call.probe, apart = call.cache || n.added > 0;  // from the projections' own keys
  Tensor k, v, z, joined, weights;
  if (staged || apart) k = heads.key(), v = heads.value();
  if (call.cache) {
    if (autograd::recording(heads.projected))
      throw Error(ErrorCode::unsupported, kMultihead, "gradients do not go through a cache: use it under NoGrad");
    call.cache->append(k, v);
    k = call.cache->keys(), v = call.cache->values();
  }
  if (apart) k = extended(k, bias_k_), v = extended(v, bias_v_);
  Stages found;
  if (staged) found = stages(heads.query(), k, v, (plainly ? mask : mask_of(call, n, true)).additive, call.probe);
  if (plainly || found.replaced) {
    weights = training() ? dropout(found.weights, options_.dropout) : found.weights;
    const Tensor sum = detail::weighted_sum(grouped(weights, kv_heads_), found.value, grouped(found.masked, kv_heads_));
    z = ungrouped(sum, options_.num_heads);
  } else if (apart) {
    z = scaled_dot_product_attention(heads.query(), k, v, {.mask = mask, .enable_gqa = kv_heads_ != heads.num_heads});
  } else {
    joined = detail::attend_heads(heads, mask);
    if (call.probe) z = heads.parted(joined);
  }
  if (const Tensor seen = call.probe("z", z); !joined.defined() || !seen.is(z))
    joined = detail::join_heads(seen, n.batch_first);
  if (adaptation.gates.defined()) joined = times(joined, reshape(adaptation.gates, joined.shape()));
  const Tensor out = call.probe("out", reshape(out_proj_->forward(joined), query.shape()));
  if (!call.need_weights) return {out, {}};
  if (call.average_attn_weights) weights = reduce(ops::Reduction::mean, weights, 1);
  if (!n.batched) weights = reshape(weights, Shape(weights.shape().begin() + 1, weights.shape().end()));
  return {out, weights};
}

}  // namespace attn::nn
