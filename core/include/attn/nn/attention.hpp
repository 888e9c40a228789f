#pragma once
// Attention as layers. Shape letters: B batch, H heads, G heads of keys, T queries, S keys, D features of a head.

#include <optional>

#include "attn/nn/layers.hpp"
#include "attn/probe.hpp"

namespace attn::nn {

struct AttentionResult {
  Tensor output, weights;
};

/// Keys and values of the steps so far [B,G,S,D], with room for `capacity` steps; a step is written behind the others,
/// in place. For use under NoGrad alone: nothing is recorded.
class KeyValueCache {
 public:
  /// Throws RANGE unless capacity is at least 1. Takes memory with the first step, which settles B, G and D.
  explicit KeyValueCache(Index capacity);
  /// A copy has memory of its own: what is appended to one is not in the other.
  KeyValueCache(const KeyValueCache& other);
  KeyValueCache& operator=(const KeyValueCache& other);
  KeyValueCache(KeyValueCache&&) = default;
  KeyValueCache& operator=(KeyValueCache&&) = default;
  ~KeyValueCache() = default;

  Index length() const { return length_; }
  Index capacity() const { return capacity_; }
  Tensor keys() const;    ///< [B,G,length,D], a view; none before the first step
  Tensor values() const;  ///< [B,G,length,D]
  /// Copies keys and values [B,G,T,D]. Throws SHAPE where they do not fit those before, RANGE where the room ends.
  void append(const Tensor& keys, const Tensor& values);
  /// Forgets all but the first steps. Throws RANGE unless 0 <= length <= length().
  void truncate(Index length);

 private:
  Tensor keys_, values_;
  Index capacity_, length_ = 0;
};

struct MultiheadAttentionOptions {
  Index embed_dim, num_heads;
  double dropout = 0;  ///< of the weights, while training
  bool bias = true;
  bool add_bias_kv = false;    ///< one more key and value, learned, behind the others
  bool add_zero_attn = false;  ///< one more key and value of zeros, behind these
  std::optional<Index> kdim{}, vdim{};
  bool batch_first = false;
  std::optional<Index> num_kv_heads{};  ///< G, a divisor of num_heads: Ainslie et al. 2023, arXiv:2305.13245
  bool rotary = false;                  ///< attn::rotary of queries and keys, base 10000
  bool alibi = false;                   ///< attn::alibi added to the scaled scores
};

/// Masks mean what they mean in PyTorch: an int32 one is boolean, and non-zero forbids; a float32 one is added to the
/// scaled scores.
struct MultiheadAttentionCall {
  Tensor key_padding_mask{};  ///< [B,S], or [S] where there is no batch
  Tensor attn_mask{};         ///< [T,S] or [B·H,T,S]
  bool need_weights = true;
  bool average_attn_weights = true;  ///< over the heads
  bool is_causal = false;  ///< s <= t, beside the masks; counted from the cache's first step where there is one
  /// Keys and values of this call are added to the cache, and S counts all that it then holds.
  KeyValueCache* cache = nullptr;
  Probe probe{};
};

/// output = concat_h(softmax(q_h k_hᵀ / √D + mask) v_h) · W_oᵀ + b_o, with q = query · W_qᵀ + b_q and so forth.
/// query [T,B,E], key [S,B,kdim], value [S,B,vdim]; [B,T,E] with batch_first; [T,E] without a batch.
/// Result: output as query; weights [B,T,S], or [B,H,T,S] not averaged, after dropout; none unless needed. Without a
/// batch both lose the B. A fully masked row has zero weights (PyTorch: NaN).
///
/// Parameters, first values and their names are PyTorch's: in_proj_weight [3E,E], or q_proj_weight [E,E], k_proj_weight
/// [G·D,kdim] and v_proj_weight [G·D,vdim] where kdim, vdim or num_kv_heads differ from the usual; in_proj_bias
/// [E+2·G·D], bias_k and bias_v [1,1,G·D], out_proj.weight [E,E], out_proj.bias [E].
///
/// With need_weights, dropout or a mask that learns, the plain path runs; else the fused path does, without a T×S
/// matrix but for a mask. The probe sees "q" [B,H,T,D], "k" and "v" [B,G,S,D] (turned by rotary; the whole cache),
/// "scores", "scaled", "masked", "weights" [B,H,T,S], "z" [B,H,T,D], "out" as the output. One that only looks changes
/// nothing: before the fused path the plain one's stages are computed for it alone. Once it has put another tensor in
/// the place of one before "z", z is what the plain path makes of that. A key masked by -inf contributes nothing on
/// either path, whatever it or its value holds, NaN and infinity included (PyTorch: NaN); but a weight that a probe
/// gives it counts.
///
/// Throws SHAPE, TYPE or RANGE; UNSUPPORTED for a cache while gradients are recorded.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
class MultiheadAttention : public Module {
 public:
  explicit MultiheadAttention(const MultiheadAttentionOptions& options);
  AttentionResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const MultiheadAttentionCall& call = {}) const;

  const MultiheadAttentionOptions& options() const { return options_; }

 protected:
  /// What DynamicAttention puts into the computation; neither here.
  struct Adaptation {
    Tensor temperatures{};  ///< laid out as query, [...,H]: what scores are divided by
    Tensor gates{};         ///< laid out as query, [...,E]: what z is multiplied by
  };
  virtual Adaptation adapt(const Tensor& query, const Probe& probe) const;

 private:
  MultiheadAttentionOptions options_;
  Index kv_heads_, head_dim_;
  Tensor &in_proj_weight_, &q_proj_weight_, &k_proj_weight_, &v_proj_weight_, &in_proj_bias_, &bias_k_, &bias_v_;
  std::shared_ptr<Linear> out_proj_;

  struct Sizes;
  Sizes checked(const Tensor& query, const Tensor& key, const Tensor& value, const MultiheadAttentionCall& call) const;
  std::vector<Tensor> project(const Tensor& query, const Tensor& key, const Tensor& value, bool query_apart) const;
  Mask mask_of(const MultiheadAttentionCall& call, const Sizes& sizes, bool plain) const;
  Tensor extended(const Tensor& x, const Tensor& learned) const;
  /// The plain path up to the weights.
  struct Stages {
    Tensor value{}, masked{}, weights{};
    bool replaced = false;  ///< whether the probe put another tensor in the place of any
  };
  Stages stages(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& additive,
                const Probe& probe) const;
};

/// Multi-head attention that adapts to its input. Each query sets, for each head, the temperature that its scores are
/// divided by, τ = 1/64 + softplus(W_τ x + b_τ), and so how far it spreads its attention; and a gate on each feature of
/// what it found, σ(W_g x + b_g) ∘ z before out_proj. Further parameters: temperature.weight [H,E], temperature.bias
/// [H], gate.weight [E,E], gate.bias [E]. At first τ is about 1. The probe also sees "temperatures" [...,H] and "gates"
/// [...,E], laid out as query.
/// Sources: Lin et al. 2018, arXiv:1808.07374, for a temperature that the query sets; theirs is λ^tanh(…), one for all
/// heads. The 1/64 keeps the scores finite. Qiu et al. 2025, arXiv:2505.06708, for the gate behind the attention.
class DynamicAttention : public MultiheadAttention {
 public:
  explicit DynamicAttention(const MultiheadAttentionOptions& options);

 protected:
  Adaptation adapt(const Tensor& query, const Probe& probe) const override;

 private:
  std::shared_ptr<Linear> temperature_, gate_;
};

struct AdditiveAttentionOptions {
  Index query_dim, key_dim, attention_dim;
};
/// output = Σ_s weights_s value_s, weights = softmax_s(vᵀ tanh(W_q q + W_k k_s)). query [B,T,Dq], key [B,S,Dk], value
/// [B,S,Dv], key_padding_mask as in MultiheadAttentionCall, or all without the B. Result: output [B,T,Dv], weights
/// [B,T,S]. Parameters: query_proj.weight [A,Dq], key_proj.weight [A,Dk], score.weight [1,A]. The probe sees "scores",
/// "masked" and "weights" [B,T,S] and "z" [B,T,Dv], which is the output; what it puts in the place of one, the next are
/// made of. A masked key contributes nothing, as in MultiheadAttention. Throws SHAPE or TYPE.
/// Source: Bahdanau et al. 2015, arXiv:1409.0473, A.1.2.
class AdditiveAttention : public Module {
 public:
  explicit AdditiveAttention(const AdditiveAttentionOptions& options);
  AttentionResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const Tensor& key_padding_mask = {}, const Probe& probe = {}) const;

 private:
  std::shared_ptr<Linear> query_proj_, key_proj_, score_;
};

}  // namespace attn::nn
