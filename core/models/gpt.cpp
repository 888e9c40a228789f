#include "models/gpt.hpp"

#include <cmath>

#include "attn/error.hpp"
#include "attn/losses.hpp"
#include "models/init.hpp"
#include "models/padding.hpp"
#include "src/functional/arithmetic.hpp"

namespace attn::models {

using detail::plus;
using ops::Unary;

void GPTConfig::fields(Fields& f) {
  f.size("vocab_size", vocab_size);
  f.size("max_length", max_length);
  f.size("d_model", d_model);
  f.size("num_heads", num_heads);
  f.size("num_layers", num_layers);
  f.integer("num_kv_heads", num_kv_heads);
  f.integer("dim_feedforward", dim_feedforward);
  f.probability("dropout", dropout);
  f.choice("activation", activation, {Unary::gelu, Unary::relu, Unary::silu});
  f.choice("norm", norm, {Norm::layer, Norm::rms});
  f.choice("positions", positions,
           {Positions::learned, Positions::sinusoidal, Positions::rotary, Positions::alibi, Positions::none});
  f.flag("bias", bias);
  f.flag("tie_weights", tie_weights);
  f.deviation("initializer_range", initializer_range);
}

std::string to_json(const GPTConfig& config) { return write_config("GPT", config); }
GPTConfig gpt_config(std::string_view json) { return read_config<GPTConfig>("GPT", json); }

namespace {

std::shared_ptr<nn::Layer> make_norm(const GPTConfig& c) {
  if (c.norm == Norm::rms) return std::make_shared<nn::RMSNorm>(nn::NormOptions{.normalized_shape = c.d_model});
  return std::make_shared<nn::LayerNorm>(nn::NormOptions{.normalized_shape = c.d_model, .bias = c.bias});
}

}  // namespace

/// Its layers have the names that they would have in PyTorch's Sequential(Linear, activation, Linear).
class Mlp : public nn::Module {
 public:
  explicit Mlp(const GPTConfig& c)
      : activation_(c.activation),
        up_(register_module("0", std::make_shared<nn::Linear>(nn::LinearOptions{c.d_model, width(c), c.bias}))),
        down_(register_module("2", std::make_shared<nn::Linear>(nn::LinearOptions{width(c), c.d_model, c.bias}))) {}

  Tensor forward(const Tensor& x, const Probe& probe) const {
    return probe("out", down_->forward(probe("post", linear(x, up_->weight, up_->bias, activation_))));
  }

 private:
  static Index width(const GPTConfig& c) { return c.dim_feedforward == 0 ? 4 * c.d_model : c.dim_feedforward; }

  Unary activation_;
  std::shared_ptr<nn::Linear> up_, down_;
};

class GPT::Block : public nn::Module {
 public:
  explicit Block(const GPTConfig& c)
      : dropout_(c.dropout),
        ln1_(register_module("ln1", make_norm(c))),
        attn_(register_module("attn", std::make_shared<nn::MultiheadAttention>(nn::MultiheadAttentionOptions{
                                          .embed_dim = c.d_model,
                                          .num_heads = c.num_heads,
                                          .dropout = c.dropout,
                                          .bias = c.bias,
                                          .batch_first = true,
                                          .num_kv_heads = c.num_kv_heads == 0 ? c.num_heads : c.num_kv_heads,
                                          .rotary = c.positions == Positions::rotary,
                                          .alibi = c.positions == Positions::alibi}))),
        ln2_(register_module("ln2", make_norm(c))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(c))) {}

  Tensor forward(const Tensor& x, nn::KeyValueCache* cache, const Probe& probe) const {
    const Tensor normed = probe("ln1", ln1_->forward(x));
    const Tensor found =
        attn_
            ->forward(normed, normed, normed,
                      {.need_weights = false, .is_causal = true, .cache = cache, .probe = probe.at("attn")})
            .output;
    const Tensor mid = probe("resid_mid", plus(x, dropped(found)));
    const Tensor added = mlp_->forward(probe("ln2", ln2_->forward(mid)), probe.at("mlp"));
    return probe("resid_post", plus(mid, dropped(added)));
  }

 private:
  Tensor dropped(const Tensor& x) const { return training() ? dropout(x, dropout_) : x; }

  double dropout_;
  std::shared_ptr<nn::Layer> ln1_;
  std::shared_ptr<nn::MultiheadAttention> attn_;
  std::shared_ptr<nn::Layer> ln2_;
  std::shared_ptr<Mlp> mlp_;
};

namespace {

void initialize(const nn::Module& model, const GPTConfig& c) {
  const Deviations deviations = first_deviations(c.initializer_range, c.d_model);
  for (const auto& [name, x] : model.named_parameters()) {
    const bool table = name == "positions.weight" || (name == "embed.weight" && !c.tie_weights);
    const bool residual = name.ends_with("out_proj.weight") || name.ends_with("mlp.2.weight");
    if (name.ends_with("bias"))
      nn::init::constant(x, 0);
    else if (x.rank() == 2)  // a norm's weight has one dimension, and stays 1
      nn::init::normal(x, 0,
                       table
                           ? deviations.embeddings
                           : deviations.matrices / (residual ? std::sqrt(2.0 * static_cast<double>(c.num_layers)) : 1));
  }
}

}  // namespace

GPT::GPT(const GPTConfig& config) : config_(checked("GPT", config)) {
  const GPTConfig& c = config_;
  require_divides("GPT", "num_heads", c.num_heads, "d_model", c.d_model);
  if (c.num_kv_heads != 0) require_divides("GPT", "num_kv_heads", c.num_kv_heads, "num_heads", c.num_heads);
  if (c.positions == Positions::rotary && c.d_model / c.num_heads % 2 != 0)
    throw Error(ErrorCode::range, "GPT",
                "positions must not be rotary where a head has an odd number of features, got " +
                    std::to_string(c.d_model / c.num_heads));

  embed_ = register_module("embed", std::make_shared<nn::Embedding>(nn::EmbeddingOptions{c.vocab_size, c.d_model}));
  if (c.positions == Positions::learned)
    learned_ = register_module("positions",
                               std::make_shared<nn::LearnedPositions>(nn::PositionsOptions{c.max_length, c.d_model}));
  if (c.positions == Positions::sinusoidal)
    sinusoidal_ = register_module(
        "positions", std::make_shared<nn::SinusoidalPositions>(nn::PositionsOptions{c.max_length, c.d_model}));
  for (Index i = 0; i < c.num_layers; ++i)
    blocks_.push_back(register_module("blocks." + std::to_string(i), std::make_shared<Block>(c)));
  ln_f_ = register_module("ln_f", make_norm(c));
  head_ = register_module("head", std::make_shared<nn::Linear>(nn::LinearOptions{c.d_model, c.vocab_size, false}));
  if (c.tie_weights) head_->weight = embed_->weight;
  initialize(*this, c);
}

Tensor GPT::hidden(const Tensor& tokens, std::span<nn::KeyValueCache> caches, const Probe& probe) const {
  const Index layers = static_cast<Index>(blocks_.size());
  if (!caches.empty() && static_cast<Index>(caches.size()) != layers)
    throw Error(
        ErrorCode::range, "GPT",
        "caches must be one for each of " + std::to_string(layers) + " blocks, got " + std::to_string(caches.size()));
  const Index first = caches.empty() ? 0 : caches.front().length();
  require_tokens("GPT", tokens, config_.max_length - first, config_.vocab_size);

  Tensor x = embed_->forward(tokens);
  if (learned_) x = learned_->forward(x, first);
  if (sinusoidal_) x = sinusoidal_->forward(x, first);
  if (training()) x = dropout(x, config_.dropout);
  x = probe("embed", x);
  for (Index i = 0; i < layers; ++i) {
    const auto at = static_cast<std::size_t>(i);
    x = blocks_[at]->forward(x, caches.empty() ? nullptr : &caches[at], probe.at("blocks").at(i));
  }
  return probe("ln_f", ln_f_->forward(x));
}

Tensor GPT::logits(const Tensor& hidden, const Probe& probe) const { return probe("logits", head_->forward(hidden)); }

std::vector<nn::KeyValueCache> GPT::caches() const {
  return std::vector<nn::KeyValueCache>(blocks_.size(), nn::KeyValueCache(config_.max_length));
}

Tensor GPT::loss(const Tensor& tokens, const Tensor& targets) const {
  if (targets.shape() != tokens.shape())
    throw Error(ErrorCode::shape, "GPT",
                "targets must be " + to_string(tokens.shape()) + " as tokens, got " + to_string(targets.shape()),
                {tokens.shape(), targets.shape()});
  return cross_entropy(reshape(forward(tokens), {-1, config_.vocab_size}), reshape(targets, {-1}));
}

}  // namespace attn::models
