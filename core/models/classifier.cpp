#include "models/classifier.hpp"

#include "attn/error.hpp"
#include "models/encoder.hpp"
#include "models/init.hpp"
#include "models/padding.hpp"

namespace attn::models {

using ops::Unary;

void ClassifierConfig::fields(Fields& f) {
  f.size("vocab_size", vocab_size);
  f.size("max_length", max_length);
  f.size("num_classes", num_classes);
  f.size("d_model", d_model);
  f.size("num_heads", num_heads);
  f.size("num_layers", num_layers);
  f.integer("dim_feedforward", dim_feedforward);
  f.probability("dropout", dropout);
  f.choice("activation", activation, {Unary::gelu, Unary::relu});
  f.flag("norm_first", norm_first);
  f.flag("bias", bias);
  f.choice("positions", positions, {Positions::learned, Positions::sinusoidal, Positions::none});
  f.choice("pooling", pooling, {Pooling::cls, Pooling::attention, Pooling::mean});
  f.deviation("initializer_range", initializer_range);
}

std::string to_json(const ClassifierConfig& config) { return write_config("Classifier", config); }
ClassifierConfig classifier_config(std::string_view json) { return read_config<ClassifierConfig>("Classifier", json); }

Classifier::Classifier(const ClassifierConfig& config) : config_(checked("Classifier", config)) {
  const ClassifierConfig& c = config_;
  require_divides("Classifier", "num_heads", c.num_heads, "d_model", c.d_model);
  const double deviation = first_deviations(c.initializer_range, c.d_model).matrices;
  embed_ = register_module("embed", std::make_shared<nn::Embedding>(nn::EmbeddingOptions{c.vocab_size, c.d_model}));
  nn::init::normal(embed_->weight, 0, deviation);
  const nn::PositionsOptions places{c.max_length + (c.pooling == Pooling::cls ? 1 : 0), c.d_model};
  if (c.positions == Positions::learned) {
    const auto learned = register_module("positions", std::make_shared<nn::LearnedPositions>(places));
    nn::init::normal(learned->weight, 0, deviation);
    positions_ = learned;
  } else if (c.positions == Positions::sinusoidal) {
    positions_ = register_module("positions", std::make_shared<nn::SinusoidalPositions>(places));
  }
  pool_ = register_module("pool", std::make_shared<Pool>(c.pooling, c.d_model, deviation));
  encoder_ = register_module("encoder", std::make_shared<nn::TransformerEncoder>(encoder_options(c)));
  head_ = register_module("head", std::make_shared<nn::Linear>(nn::LinearOptions{c.d_model, c.num_classes}));
}

Tensor Classifier::forward(const Tensor& tokens, const Tensor& key_padding_mask, const Probe& probe) const {
  constexpr const char* op = "Classifier";
  require_tokens(op, tokens, config_.max_length, config_.vocab_size);
  if (key_padding_mask.defined()) {
    if (key_padding_mask.dtype() != DType::int32)
      throw Error(ErrorCode::type, op,
                  std::string("key_padding_mask must be int32, got ") + to_string(key_padding_mask.dtype()));
    if (key_padding_mask.shape() != tokens.shape())
      throw Error(ErrorCode::shape, op,
                  "key_padding_mask must be " + to_string(tokens.shape()) + " as tokens, got " +
                      to_string(key_padding_mask.shape()),
                  {tokens.shape(), key_padding_mask.shape()});
  }

  const Tensor padding = pool_->prepend_padding(contiguous(key_padding_mask));
  Tensor x = pool_->prepend(embed_->forward(tokens));
  if (positions_) x = positions_->forward(x);
  if (training()) x = dropout(x, config_.dropout);
  x = encoder_->forward(probe("embed", x), {.src_key_padding_mask = padding, .probe = probe.at("encoder")});
  return probe("logits", head_->forward(probe("pooled", pool_->forward(x, padding, probe.at("pool")))));
}

}  // namespace attn::models
