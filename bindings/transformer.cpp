// The table of attention as layers, of positions, and of the Transformer's layers and stacks.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

using emscripten::val;

// Attention. The records' fields are all present: the facade fills in what its caller left out; NaN: not given.
struct MultiheadRecord {
  int embedDim, numHeads;
  double dropout;
  bool bias, addBiasKv, addZeroAttn;
  double kdim, vdim;
  bool batchFirst;
  double numKvHeads;
  bool rotary, alibi;

  nn::MultiheadAttentionOptions options() const {
    return {.embed_dim = embedDim,
            .num_heads = numHeads,
            .dropout = dropout,
            .bias = bias,
            .add_bias_kv = addBiasKv,
            .add_zero_attn = addZeroAttn,
            .kdim = optional_whole(kdim),
            .vdim = optional_whole(vdim),
            .batch_first = batchFirst,
            .num_kv_heads = optional_whole(numKvHeads),
            .rotary = rotary,
            .alibi = alibi};
  }
};
TensorPair pair(const nn::AttentionResult& result) { return {share(result.output), share_or_none(result.weights)}; }

ModulePtr multihead_attention(MultiheadRecord o) { return std::make_shared<nn::MultiheadAttention>(o.options()); }
ModulePtr dynamic_attention(MultiheadRecord o) { return std::make_shared<nn::DynamicAttention>(o.options()); }
TensorPair multihead_forward(const nn::Module& attention, const Tensor& query, const Tensor& key, const Tensor& value,
                             TensorPtr key_padding_mask, TensorPtr attn_mask, bool need_weights, bool average,
                             bool is_causal, const val& probe) {
  return pair(dynamic_cast<const nn::MultiheadAttention&>(attention).forward(
      query, key, value,
      {.key_padding_mask = tensor_or_none(key_padding_mask),
       .attn_mask = tensor_or_none(attn_mask),
       .need_weights = need_weights,
       .average_attn_weights = average,
       .is_causal = is_causal,
       .probe = to_probe(probe)}));
}
ModulePtr additive_attention(int query_dim, int key_dim, int attention_dim) {
  return std::make_shared<nn::AdditiveAttention>(
      nn::AdditiveAttentionOptions{.query_dim = query_dim, .key_dim = key_dim, .attention_dim = attention_dim});
}
TensorPair additive_forward(const nn::Module& attention, const Tensor& query, const Tensor& key, const Tensor& value,
                            TensorPtr key_padding_mask, const val& probe) {
  return pair(dynamic_cast<const nn::AdditiveAttention&>(attention).forward(
      query, key, value, tensor_or_none(key_padding_mask), to_probe(probe)));
}

// Positions.
TensorPtr rotary_of(const Tensor& x, int first, double base) { return share(rotary(x, first, base)); }
TensorPtr alibi_of(int heads, int queries, int keys) { return share(alibi(heads, queries, keys)); }
ModulePtr learned_positions(int rows, int dim) {
  return std::make_shared<nn::LearnedPositions>(nn::PositionsOptions{.num_positions = rows, .embedding_dim = dim});
}
ModulePtr sinusoidal_positions(int rows, int dim) {
  return std::make_shared<nn::SinusoidalPositions>(nn::PositionsOptions{.num_positions = rows, .embedding_dim = dim});
}
TensorPtr positions_forward(const nn::Module& positions, const Tensor& x, int first) {
  if (const auto* learned = dynamic_cast<const nn::LearnedPositions*>(&positions))
    return share(learned->forward(x, first));
  return share(dynamic_cast<const nn::SinusoidalPositions&>(positions).forward(x, first));
}

// Transformers.
struct TransformerRecord {
  int dModel, nhead, dimFeedforward;
  double dropout;
  int activation;
  double layerNormEps;
  bool batchFirst, normFirst, bias;

  nn::TransformerLayerOptions layer() const {
    return {.d_model = dModel,
            .nhead = nhead,
            .dim_feedforward = dimFeedforward,
            .dropout = dropout,
            .activation = static_cast<ops::Unary>(activation),
            .layer_norm_eps = layerNormEps,
            .batch_first = batchFirst,
            .norm_first = normFirst,
            .bias = bias};
  }
  nn::TransformerOptions stack(int layers, bool norm) const {
    return {.layer = layer(), .num_layers = layers, .norm = norm};
  }
};
ModulePtr encoder_layer(TransformerRecord o) { return std::make_shared<nn::TransformerEncoderLayer>(o.layer()); }
ModulePtr encoder(TransformerRecord o, int layers, bool norm) {
  return std::make_shared<nn::TransformerEncoder>(o.stack(layers, norm));
}
ModulePtr decoder_layer(TransformerRecord o) { return std::make_shared<nn::TransformerDecoderLayer>(o.layer()); }
ModulePtr decoder(TransformerRecord o, int layers, bool norm) {
  return std::make_shared<nn::TransformerDecoder>(o.stack(layers, norm));
}
TensorPtr encode(const nn::Module& module, const Tensor& src, TensorPtr mask, TensorPtr key_padding_mask,
                 bool is_causal, const val& probe) {
  const nn::TransformerEncoderCall call{.mask = tensor_or_none(mask),
                                        .src_key_padding_mask = tensor_or_none(key_padding_mask),
                                        .is_causal = is_causal,
                                        .probe = to_probe(probe)};
  if (const auto* stack = dynamic_cast<const nn::TransformerEncoder*>(&module)) return share(stack->forward(src, call));
  return share(dynamic_cast<const nn::TransformerEncoderLayer&>(module).forward(src, call));
}
TensorPtr decode(const nn::Module& module, const Tensor& tgt, const Tensor& memory, TensorPtr tgt_mask,
                 TensorPtr memory_mask, TensorPtr tgt_key_padding_mask, TensorPtr memory_key_padding_mask,
                 bool tgt_is_causal, bool memory_is_causal, const val& probe) {
  const nn::TransformerDecoderCall call{.tgt_mask = tensor_or_none(tgt_mask),
                                        .memory_mask = tensor_or_none(memory_mask),
                                        .tgt_key_padding_mask = tensor_or_none(tgt_key_padding_mask),
                                        .memory_key_padding_mask = tensor_or_none(memory_key_padding_mask),
                                        .tgt_is_causal = tgt_is_causal,
                                        .memory_is_causal = memory_is_causal,
                                        .probe = to_probe(probe)};
  if (const auto* stack = dynamic_cast<const nn::TransformerDecoder*>(&module))
    return share(stack->forward(tgt, memory, call));
  return share(dynamic_cast<const nn::TransformerDecoderLayer&>(module).forward(tgt, memory, call));
}

EMSCRIPTEN_BINDINGS(transformer) {
  using emscripten::function;
  using emscripten::value_object;

  value_object<MultiheadRecord>("MultiheadOptions")
      .field("embedDim", &MultiheadRecord::embedDim)
      .field("numHeads", &MultiheadRecord::numHeads)
      .field("dropout", &MultiheadRecord::dropout)
      .field("bias", &MultiheadRecord::bias)
      .field("addBiasKv", &MultiheadRecord::addBiasKv)
      .field("addZeroAttn", &MultiheadRecord::addZeroAttn)
      .field("kdim", &MultiheadRecord::kdim)
      .field("vdim", &MultiheadRecord::vdim)
      .field("batchFirst", &MultiheadRecord::batchFirst)
      .field("numKvHeads", &MultiheadRecord::numKvHeads)
      .field("rotary", &MultiheadRecord::rotary)
      .field("alibi", &MultiheadRecord::alibi);
  function("newMultiheadAttention", guarded<&multihead_attention>);
  function("newDynamicAttention", guarded<&dynamic_attention>);
  function("multiheadForward", guarded<&multihead_forward>);
  function("newAdditiveAttention", guarded<&additive_attention>);
  function("additiveForward", guarded<&additive_forward>);

  function("rotary", guarded<&rotary_of>);
  function("alibi", guarded<&alibi_of>);
  function("newLearnedPositions", guarded<&learned_positions>);
  function("newSinusoidalPositions", guarded<&sinusoidal_positions>);
  function("positionsForward", guarded<&positions_forward>);

  value_object<TransformerRecord>("TransformerOptions")
      .field("dModel", &TransformerRecord::dModel)
      .field("nhead", &TransformerRecord::nhead)
      .field("dimFeedforward", &TransformerRecord::dimFeedforward)
      .field("dropout", &TransformerRecord::dropout)
      .field("activation", &TransformerRecord::activation)
      .field("layerNormEps", &TransformerRecord::layerNormEps)
      .field("batchFirst", &TransformerRecord::batchFirst)
      .field("normFirst", &TransformerRecord::normFirst)
      .field("bias", &TransformerRecord::bias);
  function("newEncoderLayer", guarded<&encoder_layer>);
  function("newEncoder", guarded<&encoder>);
  function("newDecoderLayer", guarded<&decoder_layer>);
  function("newDecoder", guarded<&decoder>);
  function("encode", guarded<&encode>);
  function("decode", guarded<&decode>);
}

}  // namespace
}  // namespace attn::js
