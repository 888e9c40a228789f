#pragma once
// The encoder-only Transformer that tells what class a sequence of tokens is of.

#include <memory>
#include <string>
#include <string_view>

#include "attn/nn/positions.hpp"
#include "attn/nn/transformer.hpp"
#include "models/config.hpp"
#include "models/pooling.hpp"

namespace attn::models {

struct ClassifierConfig {
  Index vocab_size, max_length, num_classes, d_model, num_heads, num_layers;
  Index dim_feedforward = 0;                 ///< 0: 4·d_model
  double dropout = 0;                        ///< of embeddings, and in every encoder layer; while training
  ops::Unary activation = ops::Unary::gelu;  ///< gelu or relu
  bool norm_first = true;                    ///< then a last norm stands behind the encoder's layers
  bool bias = true;                          ///< of the encoder
  Positions positions = Positions::learned;  ///< learned, sinusoidal or none
  Pooling pooling = Pooling::cls;
  double initializer_range = 0;  ///< the deviation of what is said below at first; 0: what fits d_model

  void fields(Fields& f);
};
std::string to_json(const ClassifierConfig& config);
/// Throws as Fields does.
ClassifierConfig classifier_config(std::string_view json);

/// logits = head(pool(encoder(embed[tokens] + positions))). With pooling by cls the learned token is position 0.
///
/// Parameters: embed.weight [V,D], positions.weight [N,D] (N one more with cls) and pool.cls, normal at first with the
/// deviation of matrices that models/init.hpp says (with that of embeddings, sequences are learnt by heart: brackets of
/// five pairs 85% right where they were held out, not 97%); the rest of pool.…; encoder.… as nn::TransformerEncoder;
/// head.weight [C,D], head.bias [C] as nn::Linear begins.
/// The probe sees "embed", all of "encoder.…", of "pool.…", then "pooled" [B,D] and "logits".
/// Source: Devlin et al. 2019, arXiv:1810.04805.
class Classifier : public nn::Module {
 public:
  /// Throws RANGE, naming the field.
  explicit Classifier(const ClassifierConfig& config);
  const ClassifierConfig& config() const { return config_; }

  /// tokens int32 [B,T], T at most max_length -> logits [B,C]. key_padding_mask int32 [B,T], non-zero where there is
  /// no token (of lengths: models/padding.hpp), or none. Throws TYPE, SHAPE; RANGE for a token that is not there.
  Tensor forward(const Tensor& tokens, const Tensor& key_padding_mask = {}, const Probe& probe = {}) const;

 private:
  ClassifierConfig config_;
  std::shared_ptr<nn::Embedding> embed_;
  std::shared_ptr<nn::Layer> positions_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<nn::TransformerEncoder> encoder_;
  std::shared_ptr<nn::Linear> head_;
};

}  // namespace attn::models
