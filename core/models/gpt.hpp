#pragma once
// The decoder-only Transformer.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attn/nn/attention.hpp"
#include "attn/nn/positions.hpp"
#include "models/config.hpp"

namespace attn::models {

struct GPTConfig {
  Index vocab_size, max_length, d_model, num_heads, num_layers;
  Index num_kv_heads = 0;     ///< 0: num_heads
  Index dim_feedforward = 0;  ///< 0: 4·d_model
  double dropout = 0;         ///< of embeddings, attention weights, and what a block adds; while training
  ops::Unary activation = ops::Unary::gelu;  ///< gelu, relu or silu
  Norm norm = Norm::layer;
  Positions positions = Positions::learned;
  bool bias = true;              ///< of all linear layers but the head, and of layer norms
  bool tie_weights = false;      ///< the head's weight is the embedding's: Press & Wolf 2017, arXiv:1608.05859
  double initializer_range = 0;  ///< the deviation of all weights at first, GPT-2's is 0.02; 0: what fits d_model

  void fields(Fields& f);
};
std::string to_json(const GPTConfig& config);
/// Throws as Fields does.
GPTConfig gpt_config(std::string_view json);

/// x = embed[tokens] + positions; for each block: x = x + attn(ln1(x)), x = x + mlp(ln2(x)); logits = ln_f(x) · headᵀ,
/// with mlp(x) = W_2 f(W_0 x + b_0) + b_2 and a causal attn. Norms come first, as in GPT-2: Radford et al. 2019,
/// "Language models are unsupervised multitask learners".
///
/// Parameters: embed.weight [V,D], positions.weight [N,D] where learned, blocks.i.{ln1, attn, ln2, mlp.0, mlp.2},
/// ln_f, head.weight [V,D]. Weights are normal at first, as models/init.hpp says, those that add to x (attn.out_proj,
/// mlp.2) divided by √(2·num_layers), as in GPT-2, and a head that is the embedding a matrix; biases 0; norms 1.
///
/// The probe sees "embed", "blocks.i.": "ln1", all of "attn.…", "resid_mid", "ln2", "mlp.post", "mlp.out",
/// "resid_post"; then "ln_f" and "logits".
class GPT : public nn::Module {
 public:
  /// Throws RANGE, naming the field.
  explicit GPT(const GPTConfig& config);
  const GPTConfig& config() const { return config_; }

  /// tokens int32 [B,T], T at most max_length -> logits [B,T,V]. Throws TYPE, SHAPE; RANGE for a token that is not
  /// there.
  Tensor forward(const Tensor& tokens, const Probe& probe = {}) const {
    return logits(hidden(tokens, {}, probe), probe);
  }

  /// The two halves of forward: what ln_f gives [B,T,D], and logits of it. tokens are those behind the caches' steps,
  /// which are added to them; caches: none, or one for each block, under NoGrad alone.
  Tensor hidden(const Tensor& tokens, std::span<nn::KeyValueCache> caches, const Probe& probe = {}) const;
  Tensor logits(const Tensor& hidden, const Probe& probe = {}) const;
  /// Empty ones for `hidden`, with room for max_length steps.
  std::vector<nn::KeyValueCache> caches() const;

  /// Mean cross-entropy of all positions' logits and targets int32 [B,T]; -100 counts for nothing.
  Tensor loss(const Tensor& tokens, const Tensor& targets) const;

 private:
  class Block;

  GPTConfig config_;
  std::shared_ptr<nn::Embedding> embed_;
  std::shared_ptr<nn::LearnedPositions> learned_;
  std::shared_ptr<nn::SinusoidalPositions> sinusoidal_;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<nn::Layer> ln_f_;
  std::shared_ptr<nn::Linear> head_;
};

}  // namespace attn::models
