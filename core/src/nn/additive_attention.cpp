#include "attention_masks.hpp"
#include "attn/error.hpp"
#include "attn/nn/attention.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

constexpr const char* kAdditive = "AdditiveAttention";

std::shared_ptr<Linear> projection(const char* what, Index from, Index to) {
  return std::make_shared<Linear>(LinearOptions{at_least_1(kAdditive, what, from), to, false});
}

}  // namespace

AdditiveAttention::AdditiveAttention(const AdditiveAttentionOptions& o)
    : query_proj_(register_module(
          "query_proj", projection("query_dim", o.query_dim, at_least_1(kAdditive, "attention_dim", o.attention_dim)))),
      key_proj_(register_module("key_proj", projection("key_dim", o.key_dim, o.attention_dim))),
      score_(register_module("score", projection("attention_dim", o.attention_dim, 1))) {}

AttentionResult AdditiveAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                           const Tensor& key_padding_mask, const Probe& probe) const {
  const Index dims = query.rank() == 2 ? 2 : 3;
  const auto require = [&](const char* what, const Tensor& x, const Linear& by) {
    const Index features = by.weight.size(1);
    if (x.rank() != dims || x.size(-1) != features)
      throw Error(ErrorCode::shape, kAdditive,
                  std::string(what) + " must have 2 or 3 dimensions as query has, and end in " +
                      std::to_string(features) + ", got " + to_string(x.shape()) + " with query " +
                      to_string(query.shape()),
                  {x.shape(), query.shape()});
  };
  require("query", query, *query_proj_);
  require("key", key, *key_proj_);
  AttendOptions options{.score = Score::additive,
                        .query_weight = query_proj_->weight,
                        .key_weight = key_proj_->weight,
                        .score_vector = reshape(score_->weight, {score_->weight.numel()})};
  if (key_padding_mask.defined()) {
    const Index batches = dims == 3 ? key.size(0) : 1, keys = key.size(-2);
    options.mask = padding_mask(kAdditive, key_padding_mask, batches, keys, !probe);
    if (Tensor& additive = options.mask.additive; additive.defined() && dims == 2)
      additive = reshape(additive, {1, keys});
  }
  const Attention found = attn::attend(query, key, value, options);
  if (!probe) return {found.output, found.weights};
  // From the scores on once more, one step at a time, for the probe may change any of it.
  const Tensor scores = probe("scores", found.scores), &additive = options.mask.additive;
  const Tensor masked = probe("masked", additive.defined() ? plus(scores, additive) : scores);
  const Tensor weights = probe("weights", softmax(masked, -1));
  return {probe("z", matmul(weights, value)), weights};
}

}  // namespace attn::nn
