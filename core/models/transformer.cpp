#include "models/transformer.hpp"

#include <algorithm>
#include <cmath>

#include "attn/error.hpp"
#include "models/encoder.hpp"
#include "models/init.hpp"
#include "models/padding.hpp"
#include "src/functional/arithmetic.hpp"

namespace attn::models {

using detail::times;

namespace {

constexpr const char* kTransformer = "Transformer";

}  // namespace

void TransformerConfig::fields(Fields& f) {
  f.size("source_vocab", source_vocab);
  f.size("target_vocab", target_vocab);
  f.size("max_length", max_length);
  f.size("d_model", d_model);
  f.size("num_heads", num_heads);
  f.size("num_layers", num_layers);
  f.integer("dim_feedforward", dim_feedforward);
  f.probability("dropout", dropout);
  f.choice("activation", activation, {ops::Unary::relu, ops::Unary::gelu});
  f.flag("norm_first", norm_first);
  f.flag("bias", bias);
  f.choice("positions", positions, {Positions::sinusoidal, Positions::learned, Positions::none});
  f.flag("tie_embeddings", tie_embeddings);
  tokens.fields(f);
}

std::string to_json(const TransformerConfig& config) { return write_config(kTransformer, config); }
TransformerConfig transformer_config(std::string_view json) {
  return read_config<TransformerConfig>(kTransformer, json);
}

Transformer::Transformer(const TransformerConfig& config) : config_(checked(kTransformer, config)) {
  const TransformerConfig& c = config_;
  check_vocabularies(kTransformer, c.source_vocab, c.target_vocab, c.tie_embeddings, c.tokens);
  require_divides(kTransformer, "num_heads", c.num_heads, "d_model", c.d_model);
  source_ = table("source", c.source_vocab);
  target_ = table("target", c.target_vocab);
  if (c.positions == Positions::sinusoidal)
    sinusoidal_ = std::make_shared<nn::SinusoidalPositions>(nn::PositionsOptions{c.max_length, c.d_model});
  encoder_ = register_module("encoder", std::make_shared<nn::TransformerEncoder>(encoder_options(c)));
  decoder_ = register_module("decoder", std::make_shared<nn::TransformerDecoder>(encoder_options(c)));
  if (!c.tie_embeddings)
    output_ = register_module("output", std::make_shared<nn::Linear>(nn::LinearOptions{c.d_model, c.target_vocab}));
}

Transformer::Table Transformer::table(const std::string& side, Index vocabulary) {
  Table made;
  if (config_.tie_embeddings && source_.tokens) {
    made.tokens = source_.tokens;
  } else {
    made.tokens = std::make_shared<nn::Embedding>(nn::EmbeddingOptions{vocabulary, config_.d_model});
    nn::init::normal(made.tokens->weight, 0, 1 / std::sqrt(static_cast<double>(config_.d_model)));
  }
  register_module(side + "_embedding", made.tokens);
  if (config_.positions == Positions::learned)
    made.positions = register_module(side + "_positions", std::make_shared<nn::LearnedPositions>(nn::PositionsOptions{
                                                              config_.max_length, config_.d_model}));
  return made;
}

Tensor Transformer::embed(const Table& table, const Tensor& tokens, Index first) const {
  const Tensor scale = full({}, static_cast<float>(std::sqrt(static_cast<double>(config_.d_model))));
  Tensor x = times(table.tokens->forward(tokens), scale);
  if (table.positions) x = table.positions->forward(x, first);
  if (sinusoidal_) x = sinusoidal_->forward(x, first);
  return training() ? dropout(x, config_.dropout) : x;
}

Tensor Transformer::encode(const Tensor& source, const Tensor& padding, const Probe& probe) const {
  return encoder_->forward(probe("embed", embed(source_, source, 0)),
                           {.src_key_padding_mask = padding, .probe = probe});
}

Tensor Transformer::read_out(const Tensor& x) const {
  return output_ ? output_->forward(x) : linear(x, target_.tokens->weight);
}

Tensor Transformer::forward(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                            const Probe& probe) const {
  check_sequences(kTransformer, source, target_in, config_.max_length);
  lengths_of(kTransformer, source, source_lengths);
  const Tensor padding = source_lengths.defined() ? padding_mask(source_lengths, source.size(1)) : Tensor();
  const Tensor memory = encode(source, padding, probe.at("encoder"));
  const Probe inside = probe.at("decoder");
  const Tensor x = decoder_->forward(inside("embed", embed(target_, target_in, 0)), memory,
                                     {.memory_key_padding_mask = padding, .tgt_is_causal = true, .probe = inside});
  return probe("logits", read_out(x));
}

Tensor Transformer::loss(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                         const Tensor& target_out) const {
  return sequence_loss(forward(source, source_lengths, target_in), target_out, config_.tokens.pad);
}

std::vector<Decoded> Transformer::decode(const Tensor& source, const Tensor& source_lengths,
                                         const DecodeOptions& options) const {
  DecodeOptions limited = options;
  limited.max_length = std::min(options.max_length, config_.max_length);
  const std::string looked_at = "layers." + std::to_string(config_.num_layers - 1) + ".multihead_attn.weights";
  const auto decode_one = [&](const Tensor& one) {
    const Tensor memory = encode(one, {}, {});
    std::vector<nn::KeyValueCache> caches(static_cast<std::size_t>(config_.num_layers),
                                          nn::KeyValueCache(config_.max_length));
    const auto advance = [&](const Tensor& tokens, const Tensor& parents) {
      const Index rows = tokens.size(0), first = caches[0].length();
      for (nn::KeyValueCache& cache : caches) {
        if (first == 0) break;
        nn::KeyValueCache next(cache.capacity());
        next.append(index(cache.keys(), parents), index(cache.values(), parents));
        cache = next;
      }
      Tensor weights;
      const Probe see([&](const std::string& name, const Tensor& x) {
        if (name == looked_at) weights = x;
        return x;
      });
      const Tensor x = decoder_->forward(embed(target_, reshape(tokens, {rows, 1}), first),
                                         index(memory, zeros({rows}, DType::int32)), {.caches = caches, .probe = see});
      return BeamStep{reshape(read_out(x), {rows, config_.target_vocab}),
                      reshape(reduce(ops::Reduction::mean, weights, 1), {rows, one.size(1)})};
    };
    return beam_search(advance, static_cast<std::int32_t>(config_.tokens.bos),
                       static_cast<std::int32_t>(config_.tokens.eos), limited);
  };
  return decode_each(kTransformer, source, source_lengths, decode_one, config_.max_length);
}

}  // namespace attn::models
