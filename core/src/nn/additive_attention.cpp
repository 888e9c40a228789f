#include "../functional/masked.hpp"
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
  const auto mask = [&](bool lengths) {
    if (!key_padding_mask.defined()) return Mask();
    const Index batches = dims == 3 ? key.size(0) : 1, keys = key.size(-2);
    Mask padding = padding_mask(kAdditive, key_padding_mask, batches, keys, lengths);
    if (padding.additive.defined() && dims == 2) padding.additive = reshape(padding.additive, {1, keys});
    return padding;
  };
  options.mask = mask(true);
  const Attention found = attn::attend(query, key, value, options);
  // Each stage is as it was found, until the probe puts another tensor in the place of one.
  const Tensor scores = probe("scores", found.scores);
  const Tensor masked =
      probe("masked", scores.is(found.scores) ? found.masked : detail::add_mask(scores, mask(false).additive));
  const Tensor weights = probe("weights", masked.is(found.masked) ? found.weights : softmax(masked, -1));
  const bool as_found = weights.is(found.weights);
  return {probe("z", as_found ? found.output : detail::weighted_sum(weights, value, masked)), weights};
}

}  // namespace attn::nn
