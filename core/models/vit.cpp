#include "models/vit.hpp"

#include "attn/error.hpp"
#include "models/encoder.hpp"
#include "models/init.hpp"

namespace attn::models {

using ops::Unary;

void ViTConfig::fields(Fields& f) {
  f.size("image_size", image_size);
  f.size("patch_size", patch_size);
  f.size("num_classes", num_classes);
  f.size("d_model", d_model);
  f.size("num_heads", num_heads);
  f.size("num_layers", num_layers);
  f.integer("num_channels", num_channels, 1);
  f.integer("dim_feedforward", dim_feedforward);
  f.probability("dropout", dropout);
  f.choice("activation", activation, {Unary::gelu, Unary::relu});
  f.flag("norm_first", norm_first);
  f.flag("bias", bias);
  f.choice("pooling", pooling, {Pooling::cls, Pooling::attention, Pooling::mean});
  f.deviation("initializer_range", initializer_range);
}

std::string to_json(const ViTConfig& config) { return write_config("ViT", config); }
ViTConfig vit_config(std::string_view json) { return read_config<ViTConfig>("ViT", json); }

ViT::ViT(const ViTConfig& config) : config_(checked("ViT", config)) {
  const ViTConfig& c = config_;
  require_divides("ViT", "patch_size", c.patch_size, "image_size", c.image_size);
  require_divides("ViT", "num_heads", c.num_heads, "d_model", c.d_model);
  const Index side = c.image_size / c.patch_size, patches = side * side;
  const double deviation = first_deviations(c.initializer_range, c.d_model).embeddings;
  patch_embed_ = register_module("patch_embed", std::make_shared<nn::Linear>(nn::LinearOptions{
                                                    c.num_channels * c.patch_size * c.patch_size, c.d_model}));
  pool_ = register_module("pool", std::make_shared<Pool>(c.pooling, c.d_model, deviation));
  positions_ = register_module("positions", std::make_shared<nn::LearnedPositions>(nn::PositionsOptions{
                                                patches + (c.pooling == Pooling::cls ? 1 : 0), c.d_model}));
  nn::init::normal(positions_->weight, 0, deviation);
  encoder_ = register_module("encoder", std::make_shared<nn::TransformerEncoder>(encoder_options(c)));
  head_ = register_module("head", std::make_shared<nn::Linear>(nn::LinearOptions{c.d_model, c.num_classes}));
}

Tensor ViT::forward(const Tensor& images, const Probe& probe) const {
  const Index channels = config_.num_channels, size = config_.image_size, patch = config_.patch_size;
  if (!images.defined() || images.dtype() != DType::float32)
    throw Error(ErrorCode::type, "ViT",
                std::string("images must be float32, got ") + (images.defined() ? to_string(images.dtype()) : "none"));
  if (images.rank() != 4 || Shape(images.shape().begin() + 1, images.shape().end()) != Shape{channels, size, size})
    throw Error(ErrorCode::shape, "ViT",
                "images must be [B," + std::to_string(channels) + "," + std::to_string(size) + "," +
                    std::to_string(size) + "], got " + to_string(images.shape()),
                {images.shape()});

  const Index batch = images.size(0), side = size / patch;
  const Tensor squares = permute(reshape(images, {batch, channels, side, patch, side, patch}), {0, 2, 4, 1, 3, 5});
  const Tensor patches = probe("patches", reshape(squares, {batch, side * side, channels * patch * patch}));
  Tensor x = positions_->forward(pool_->prepend(patch_embed_->forward(patches)));
  if (training()) x = dropout(x, config_.dropout);
  x = encoder_->forward(probe("embed", x), {.probe = probe.at("encoder")});
  return probe("logits", head_->forward(probe("pooled", pool_->forward(x, {}, probe.at("pool")))));
}

}  // namespace attn::models
