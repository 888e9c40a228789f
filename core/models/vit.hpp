#pragma once
// The Transformer that tells what class an image is of.

#include <memory>
#include <string>
#include <string_view>

#include "attn/nn/positions.hpp"
#include "attn/nn/transformer.hpp"
#include "models/config.hpp"
#include "models/pooling.hpp"

namespace attn::models {

struct ViTConfig {
  Index image_size, patch_size;  ///< of a side; patch_size divides image_size
  Index num_classes, d_model, num_heads, num_layers;
  Index num_channels = 3;
  Index dim_feedforward = 0;                 ///< 0: 4·d_model
  double dropout = 0;                        ///< of embeddings, and in every encoder layer; while training
  ops::Unary activation = ops::Unary::gelu;  ///< gelu or relu
  bool norm_first = true;                    ///< then a last norm stands behind the encoder's layers
  bool bias = true;                          ///< of the encoder
  Pooling pooling = Pooling::cls;
  double initializer_range = 0;  ///< the deviation of what is said below at first; 0: what fits d_model

  void fields(Fields& f);
};
std::string to_json(const ViTConfig& config);
/// Throws as Fields does.
ViTConfig vit_config(std::string_view json);

/// logits = head(pool(encoder(patches · patch_embed.weightᵀ + patch_embed.bias + positions))), where patches
/// [B,N,C·P·P] are the squares of P×P pixels, from left to right and then down, each as its channels' rows. That
/// product is the paper's convolution of width and stride P: patch_embed.weight [D,C·P·P] is its weight [D,C,P,P],
/// reshaped.
///
/// Parameters: patch_embed.{weight,bias} and head.{weight,bias} as nn::Linear begins; positions.weight [N,D] (one more
/// with cls, which is position 0) and pool.cls, normal at first with the deviation of embeddings that models/init.hpp
/// says, which lets them be heard beside the patches; the rest of pool.…; encoder.… as nn::TransformerEncoder.
/// The probe sees "patches" [B,N,C·P·P], "embed", all of "encoder.…", of "pool.…", then "pooled" [B,D] and "logits".
/// Source: Dosovitskiy et al. 2021, arXiv:2010.11929.
class ViT : public nn::Module {
 public:
  /// Throws RANGE, naming the field.
  explicit ViT(const ViTConfig& config);
  const ViTConfig& config() const { return config_; }

  /// images [B,C,H,W], H = W = image_size -> logits [B,num_classes]. Throws TYPE or SHAPE.
  Tensor forward(const Tensor& images, const Probe& probe = {}) const;

 private:
  ViTConfig config_;
  std::shared_ptr<nn::Linear> patch_embed_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<nn::LearnedPositions> positions_;
  std::shared_ptr<nn::TransformerEncoder> encoder_;
  std::shared_ptr<nn::Linear> head_;
};

}  // namespace attn::models
