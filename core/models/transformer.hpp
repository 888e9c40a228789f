#pragma once
// The encoder-decoder Transformer.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attn/nn/positions.hpp"
#include "attn/nn/transformer.hpp"
#include "models/sequences.hpp"

namespace attn::models {

struct TransformerConfig {
  Index source_vocab, target_vocab;
  Index max_length;  ///< of a source, and of a target
  Index d_model, num_heads;
  Index num_layers;                             ///< of the encoder, and of the decoder
  Index dim_feedforward = 0;                    ///< 0: 4·d_model
  double dropout = 0.1;                         ///< of embeddings, attention's weights, and what each sublayer adds
  ops::Unary activation = ops::Unary::relu;     ///< relu or gelu
  bool norm_first = false;                      ///< then a last norm stands behind each stack
  bool bias = true;                             ///< of the layers
  Positions positions = Positions::sinusoidal;  ///< sinusoidal, learned or none
  bool tie_embeddings = false;  ///< one table for source, target and output, as in the paper's section 3.4
  SpecialTokens tokens{};

  void fields(Fields& f);
};
std::string to_json(const TransformerConfig& config);
/// Throws as Fields does.
TransformerConfig transformer_config(std::string_view json);

/// logits = W_o decoder(√D·embed[target_in] + positions, encoder(√D·embed[source] + positions)) + b_o.
///
/// Parameters: source_embedding.weight and target_embedding.weight [V,D], normal with deviation 1/√D at first, so that
/// what is scaled is of the size of the positions; source_positions.weight and target_positions.weight [N,D] where
/// learned; encoder.… and decoder.… as nn::TransformerEncoder and Decoder; output.weight [V,D] and output.bias [V], but
/// where embeddings are tied, whose table is then W_o without a bias.
/// Source: Vaswani et al. 2017, arXiv:1706.03762.
class Transformer : public nn::Module {
 public:
  /// Throws RANGE, naming the field.
  explicit Transformer(const TransformerConfig& config);
  const TransformerConfig& config() const { return config_; }

  /// -> logits [B,T,V]. source int32 [B,S], its rows padded from source_lengths, int32 [B], on; what stands there
  /// changes nothing. Without lengths all are S. target_in int32 [B,T]: bos, then the target; a step sees those up to
  /// its own, so that padding behind a target needs no lengths. The probe sees "encoder.embed" [B,S,D], all of
  /// "encoder.…", "decoder.embed" [B,T,D], all of "decoder.…", and "logits". Throws SHAPE, TYPE, RANGE.
  Tensor forward(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                 const Probe& probe = {}) const;
  /// The mean cross-entropy of target_out [B,T], the target and then eos, but where it is pad.
  Tensor loss(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
              const Tensor& target_out) const;

  /// The likeliest target of each source that beam search finds, at most max_length tokens with the end's; call eval()
  /// first, or dropout takes part. Its alignment is the last layer's attention to the source, averaged over the heads.
  /// The decoder's own keys and values are kept from one step to the next.
  std::vector<Decoded> decode(const Tensor& source, const Tensor& source_lengths = {}, const DecodeOptions& = {}) const;

 private:
  struct Table {
    std::shared_ptr<nn::Embedding> tokens;
    std::shared_ptr<nn::LearnedPositions> positions;  ///< or none
  };
  Table table(const std::string& side, Index vocabulary);
  Tensor embed(const Table& table, const Tensor& tokens, Index first) const;
  Tensor encode(const Tensor& source, const Tensor& padding, const Probe& probe) const;
  Tensor read_out(const Tensor& x) const;

  TransformerConfig config_;
  Table source_, target_;
  std::shared_ptr<nn::SinusoidalPositions> sinusoidal_;
  std::shared_ptr<nn::TransformerEncoder> encoder_;
  std::shared_ptr<nn::TransformerDecoder> decoder_;
  std::shared_ptr<nn::Linear> output_;  ///< none where embeddings are tied
};

}  // namespace attn::models
