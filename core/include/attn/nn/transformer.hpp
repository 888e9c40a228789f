#pragma once
// The Transformer's layers and stacks. Names, arguments and first values are PyTorch's.

#include <memory>
#include <span>
#include <vector>

#include "attn/nn/attention.hpp"

namespace attn::nn {

struct TransformerLayerOptions {
  Index d_model, nhead;
  Index dim_feedforward = 2048;
  double dropout = 0.1;
  ops::Unary activation = ops::Unary::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  ///< Xiong et al. 2020, arXiv:2002.04745
  bool bias = true;         ///< of every linear layer and norm
};

/// Options of a stack; PyTorch's clones a layer, here each has first values of its own.
struct TransformerOptions {
  TransformerLayerOptions layer;
  Index num_layers;
  bool norm = false;  ///< a LayerNorm behind the last layer
};

/// Masks as in MultiheadAttentionCall.
struct TransformerEncoderCall {
  Tensor mask{}, src_key_padding_mask{};
  bool is_causal = false;
  std::span<KeyValueCache> caches{};  ///< none, or one for each layer
  Probe probe{};
};

/// x = norm1(src + drop(self_attn(src))); x = norm2(x + drop(linear2(drop(f(linear1(x)))))). With norm_first the norms
/// come before self_attn and linear1 instead. src [T,B,E], [B,T,E] with batch_first, or [T,E]; the result too.
/// The probe sees all of "self_attn.…", "resid_mid" and "resid" (the sums, normed where they are), "ff.hidden" and
/// "ff". Throws as MultiheadAttention does, and SHAPE for another number of caches. Source: Vaswani et al. 2017,
/// arXiv:1706.03762.
class TransformerEncoderLayer : public Layer {
 public:
  explicit TransformerEncoderLayer(const TransformerLayerOptions& options);
  Tensor forward(const Tensor& src) const override { return forward(src, TransformerEncoderCall{}); }
  Tensor forward(const Tensor& src, const TransformerEncoderCall& call) const;

 private:
  TransformerLayerOptions options_;
  std::shared_ptr<MultiheadAttention> self_attn_;
  std::shared_ptr<Linear> linear1_, linear2_;
  std::shared_ptr<LayerNorm> norm1_, norm2_;
};

/// One layer after the other, then the norm. The probe sees "layers.0.…" and so forth, then "norm".
class TransformerEncoder : public Layer {
 public:
  explicit TransformerEncoder(const TransformerOptions& options);
  Tensor forward(const Tensor& src) const override { return forward(src, TransformerEncoderCall{}); }
  Tensor forward(const Tensor& src, const TransformerEncoderCall& call) const;

 private:
  std::vector<std::shared_ptr<TransformerEncoderLayer>> layers_;
  std::shared_ptr<LayerNorm> norm_;
};

struct TransformerDecoderCall {
  Tensor tgt_mask{}, memory_mask{}, tgt_key_padding_mask{}, memory_key_padding_mask{};
  bool tgt_is_causal = false, memory_is_causal = false;
  std::span<KeyValueCache> caches{};  ///< of self_attn: none, or one for each layer
  Probe probe{};
};

/// As TransformerEncoderLayer, with attention to memory [S,B,E] between the two: self_attn, multihead_attn,
/// feed-forward and norm1, norm2, norm3. The probe also sees "multihead_attn.…" and, behind it, "resid_cross".
class TransformerDecoderLayer : public Module {
 public:
  explicit TransformerDecoderLayer(const TransformerLayerOptions& options);
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderCall& call = {}) const;

 private:
  TransformerLayerOptions options_;
  std::shared_ptr<MultiheadAttention> self_attn_, multihead_attn_;
  std::shared_ptr<Linear> linear1_, linear2_;
  std::shared_ptr<LayerNorm> norm1_, norm2_, norm3_;
};

/// One layer after the other, all with the same memory, then the norm.
class TransformerDecoder : public Module {
 public:
  explicit TransformerDecoder(const TransformerOptions& options);
  Tensor forward(const Tensor& tgt, const Tensor& memory, const TransformerDecoderCall& call = {}) const;

 private:
  std::vector<std::shared_ptr<TransformerDecoderLayer>> layers_;
  std::shared_ptr<LayerNorm> norm_;
};

}  // namespace attn::nn
