#include "attn/nn/attention.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

constexpr float kCoolest = 1.0f / 64;

/// log(1 + e^x) without overflow.
Tensor softplus(const Tensor& x) { return log_sum_exp(stack({x, zeros(x.shape())}, -1), -1); }

}  // namespace

DynamicAttention::DynamicAttention(const MultiheadAttentionOptions& o)
    : MultiheadAttention(o),
      temperature_(register_module("temperature", std::make_shared<Linear>(LinearOptions{o.embed_dim, o.num_heads}))),
      gate_(register_module("gate", std::make_shared<Linear>(LinearOptions{o.embed_dim, o.embed_dim}))) {
  for (float& b : temperature_->bias.values()) b = 0.5165f;  // whose softplus is 63/64
}

MultiheadAttention::Adaptation DynamicAttention::adapt(const Tensor& query, const Probe& probe) const {
  const Tensor warmth = softplus(temperature_->forward(query));
  return {probe("temperatures", plus(warmth, full({}, kCoolest))),
          probe("gates", linear(query, gate_->weight, gate_->bias, ops::Unary::sigmoid))};
}

}  // namespace attn::nn
