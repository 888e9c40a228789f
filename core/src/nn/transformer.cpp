#include "attn/nn/transformer.hpp"

#include "attn/error.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

std::shared_ptr<MultiheadAttention> attention(const TransformerLayerOptions& o) {
  return std::make_shared<MultiheadAttention>(MultiheadAttentionOptions{.embed_dim = o.d_model,
                                                                        .num_heads = o.nhead,
                                                                        .dropout = o.dropout,
                                                                        .bias = o.bias,
                                                                        .batch_first = o.batch_first});
}

std::shared_ptr<LayerNorm> layer_norm_of(const TransformerLayerOptions& o) {
  return std::make_shared<LayerNorm>(
      NormOptions{.normalized_shape = o.d_model, .eps = o.layer_norm_eps, .bias = o.bias});
}

std::shared_ptr<Linear> linear_of(const TransformerLayerOptions& o, Index from, Index to) {
  return std::make_shared<Linear>(LinearOptions{from, to, o.bias});
}

/// What a layer's parts have in common: x + drop(part(x)), normed before the part or after the sum.
struct Residual {
  const TransformerLayerOptions& options;
  bool training;
  const Probe& probe;

  Tensor drop(const Tensor& x) const { return training ? dropout(x, options.dropout) : x; }

  template <class Part>
  Tensor operator()(const char* name, const Tensor& x, const LayerNorm& norm, Part part) const {
    const Tensor sum = plus(x, drop(part(options.norm_first ? norm.forward(x) : x)));
    return probe(name, options.norm_first ? sum : norm.forward(sum));
  }

  Tensor feed_forward(const Tensor& x, const Linear& linear1, const Linear& linear2) const {
    const Tensor hidden = probe("ff.hidden", linear(x, linear1.weight, linear1.bias, options.activation));
    return probe("ff", linear2.forward(drop(hidden)));
  }
};

void require_caches(const char* op, std::span<KeyValueCache> caches, std::size_t layers) {
  const auto wanted = static_cast<Index>(layers), got = static_cast<Index>(caches.size());
  if (got != 0 && got != wanted)
    throw Error(
        ErrorCode::shape, op,
        "caches must be one for each of " + std::to_string(wanted) + " layers, or none, got " + std::to_string(got),
        {{wanted}, {got}});
}

KeyValueCache* cache_of(const char* layer, std::span<KeyValueCache> caches) {
  require_caches(layer, caches, 1);
  return caches.empty() ? nullptr : caches.data();
}

/// layers in a row, each with its cache and its names, then the norm.
template <class Layers, class Call, class Forward>
Tensor run(const char* op, const Layers& layers, const LayerNorm* norm, const Tensor& x, const Call& call,
           Forward forward) {
  require_caches(op, call.caches, layers.size());
  Tensor y = x;
  const Probe named = call.probe.at("layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Call own = call;
    own.probe = named.at(static_cast<Index>(i));
    if (!call.caches.empty()) own.caches = call.caches.subspan(i, 1);
    y = forward(*layers[i], y, own);
  }
  return norm ? call.probe("norm", norm->forward(y)) : y;
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(const TransformerLayerOptions& o)
    : options_(o),
      self_attn_(register_module("self_attn", attention(o))),
      linear1_(register_module(
          "linear1",
          linear_of(o, o.d_model, at_least_1("TransformerEncoderLayer", "dim_feedforward", o.dim_feedforward)))),
      linear2_(register_module("linear2", linear_of(o, o.dim_feedforward, o.d_model))),
      norm1_(register_module("norm1", layer_norm_of(o))),
      norm2_(register_module("norm2", layer_norm_of(o))) {}

Tensor TransformerEncoderLayer::forward(const Tensor& src, const TransformerEncoderCall& call) const {
  const Residual residual{options_, training(), call.probe};
  const MultiheadAttentionCall attention_call{.key_padding_mask = call.src_key_padding_mask,
                                              .attn_mask = call.mask,
                                              .need_weights = false,
                                              .is_causal = call.is_causal,
                                              .cache = cache_of("TransformerEncoderLayer", call.caches),
                                              .probe = call.probe.at("self_attn")};
  const Tensor x = residual("resid_mid", src, *norm1_, [&](const Tensor& rows) {
    return self_attn_->forward(rows, rows, rows, attention_call).output;
  });
  return residual("resid", x, *norm2_,
                  [&](const Tensor& rows) { return residual.feed_forward(rows, *linear1_, *linear2_); });
}

TransformerEncoder::TransformerEncoder(const TransformerOptions& o) {
  at_least_1("TransformerEncoder", "num_layers", o.num_layers);
  for (Index i = 0; i < o.num_layers; ++i)
    layers_.push_back(
        register_module("layers." + std::to_string(i), std::make_shared<TransformerEncoderLayer>(o.layer)));
  if (o.norm) norm_ = register_module("norm", layer_norm_of(o.layer));
}

Tensor TransformerEncoder::forward(const Tensor& src, const TransformerEncoderCall& call) const {
  return run("TransformerEncoder", layers_, norm_.get(), src, call,
             [](const TransformerEncoderLayer& layer, const Tensor& x, const TransformerEncoderCall& own) {
               return layer.forward(x, own);
             });
}

TransformerDecoderLayer::TransformerDecoderLayer(const TransformerLayerOptions& o)
    : options_(o),
      self_attn_(register_module("self_attn", attention(o))),
      multihead_attn_(register_module("multihead_attn", attention(o))),
      linear1_(register_module(
          "linear1",
          linear_of(o, o.d_model, at_least_1("TransformerDecoderLayer", "dim_feedforward", o.dim_feedforward)))),
      linear2_(register_module("linear2", linear_of(o, o.dim_feedforward, o.d_model))),
      norm1_(register_module("norm1", layer_norm_of(o))),
      norm2_(register_module("norm2", layer_norm_of(o))),
      norm3_(register_module("norm3", layer_norm_of(o))) {}

Tensor TransformerDecoderLayer::forward(const Tensor& tgt, const Tensor& memory,
                                        const TransformerDecoderCall& call) const {
  const Residual residual{options_, training(), call.probe};
  const MultiheadAttentionCall to_self{.key_padding_mask = call.tgt_key_padding_mask,
                                       .attn_mask = call.tgt_mask,
                                       .need_weights = false,
                                       .is_causal = call.tgt_is_causal,
                                       .cache = cache_of("TransformerDecoderLayer", call.caches),
                                       .probe = call.probe.at("self_attn")};
  const MultiheadAttentionCall to_memory{.key_padding_mask = call.memory_key_padding_mask,
                                         .attn_mask = call.memory_mask,
                                         .need_weights = false,
                                         .is_causal = call.memory_is_causal,
                                         .probe = call.probe.at("multihead_attn")};
  Tensor x = residual("resid_mid", tgt, *norm1_,
                      [&](const Tensor& rows) { return self_attn_->forward(rows, rows, rows, to_self).output; });
  x = residual("resid_cross", x, *norm2_,
               [&](const Tensor& rows) { return multihead_attn_->forward(rows, memory, memory, to_memory).output; });
  return residual("resid", x, *norm3_,
                  [&](const Tensor& rows) { return residual.feed_forward(rows, *linear1_, *linear2_); });
}

TransformerDecoder::TransformerDecoder(const TransformerOptions& o) {
  at_least_1("TransformerDecoder", "num_layers", o.num_layers);
  for (Index i = 0; i < o.num_layers; ++i)
    layers_.push_back(
        register_module("layers." + std::to_string(i), std::make_shared<TransformerDecoderLayer>(o.layer)));
  if (o.norm) norm_ = register_module("norm", layer_norm_of(o.layer));
}

Tensor TransformerDecoder::forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderCall& call) const {
  return run("TransformerDecoder", layers_, norm_.get(), tgt, call,
             [&](const TransformerDecoderLayer& layer, const Tensor& x, const TransformerDecoderCall& own) {
               return layer.forward(x, memory, own);
             });
}

}  // namespace attn::nn
