#pragma once
// Attention on views: the plain path, which shows every intermediate and is the oracle, and the fused one, which never
// holds a T×S matrix. Shape letters: B batch, H heads, T queries, S keys, D features.

#include <cstdint>
#include <optional>
#include <span>

#include "attn/shape.hpp"

namespace attn::ops {

/// Which keys a query may attend to; a key must pass every condition. A masked key contributes nothing, whatever its
/// score, key or value row holds, NaN and infinity included.
struct Mask {
  bool causal = false;                      ///< s <= t
  std::optional<Index> window{};            ///< |s - t| <= window
  std::span<const std::int32_t> lengths{};  ///< s < lengths[b]; one for each batch, or empty
  /// Added to the scaled scores, broadcasts to them; or no data. -inf masks. A finite number does not, though float32's
  /// lowest leaves nothing of the score that it is added to.
  In additive{};
};

/// q·k, q·k (scaled by 1/√D unless told), q·k/√(‖q‖‖k‖), q·k/(‖q‖‖k‖), qᵀWk, vᵀtanh(W_q q + W_k k), (Wq + b)_s.
/// With a zero vector the two normed scores are 0. Norms and products are float32, so vectors whose squares leave its
/// range (longer than 1.8e19, shorter than 1e-19) have no angle either: NaN or 0.
/// Sources: Vaswani et al. 2017, arXiv:1706.03762; Luong et al. 2015, arXiv:1508.04025 (general, location);
/// Bahdanau et al. 2015, arXiv:1409.0473 (additive).
enum class Score { dot, scaled_dot, sqrt_norm, cosine, general, additive, location };
constexpr const char* name_of(Score x) {
  switch (x) {
    case Score::dot: return "dot";
    case Score::scaled_dot: return "scaled_dot";
    case Score::sqrt_norm: return "sqrt_norm";
    case Score::cosine: return "cosine";
    case Score::general: return "general";
    case Score::additive: return "additive";
    case Score::location: return "location";
  }
  return nullptr;
}

/// softmax; e/Σe; softmax∘softmax (over the keys that are not masked); projection onto the simplex
/// (Martins & Astudillo 2016, arXiv:1602.02068).
enum class Normalizer { softmax, sum, double_softmax, sparsemax };
constexpr const char* name_of(Normalizer x) {
  switch (x) {
    case Normalizer::softmax: return "softmax";
    case Normalizer::sum: return "sum";
    case Normalizer::double_softmax: return "double_softmax";
    case Normalizer::sparsemax: return "sparsemax";
  }
  return nullptr;
}

struct AttendOptions {
  Score score = Score::scaled_dot;
  Normalizer normalizer = Normalizer::softmax;
  Mask mask{};
  std::optional<double> scale{};  ///< 1/√D for scaled_dot, else 1
  double temperature = 1;         ///< > 0
  Index heads = 1;                ///< splits the features
  In weight{};                    ///< general [Dq,Dk], location [S,Dq]
  In bias{};                      ///< location [S], optional
  In query_weight{};              ///< additive [A,Dq]
  In key_weight{};                ///< additive [A,Dk]
  In score_vector{};              ///< additive [A]
};

/// Shapes of attend's results.
struct AttendShapes {
  Shape scores;  ///< [...,T,S], or [...,H,T,S] where heads > 1
  Shape output;  ///< [...,T,Dv]
};
/// Checks everything that can be wrong with the arguments but the values and their layout. Throws SHAPE or RANGE.
AttendShapes attend_shapes(const In& query, const In& key, const In& value, const AttendOptions& options);

struct AttendOut {
  Out scores, scaled, masked, weights, output;
};

/// weights = normalize(mask(score(q,k) · scale / temperature)), output = weights · value.
/// query [...,T,Dq], key [...,S,Dk], value [...,S,Dv], contiguous, rank 2 ([T,D]), 3 ([B,T,D]) or 4 ([B,H,T,D]).
/// A fully masked row gives zero weights and a zero output; NaN in a row of scores makes its weights NaN.
/// Throws RANGE where `sum` meets a row whose unmasked scores sum to zero within rounding (4·epsilon·Σ|e|); the row's
/// scores, scaled and masked are written by then.
void attend(const In& query, const In& key, const In& value, const AttendOptions& options, const AttendOut& out);

/// Adds to the gradients of the projected query q [...,T,A] and key k [...,S,A] and of v [A], where that of the
/// additive scores sum_a v_a tanh(q_ta + k_sa) is given [...,T,S]. O(T·S·A) time, nothing of that size in memory.
struct AdditiveGradients {
  Out query, key, vector;
};
void additive_scores_backward(const In& q, const In& k, const In& v, const In& gradient, const AdditiveGradients& out);

struct SdpaOptions {
  Mask mask{};
  std::optional<double> scale{};  ///< 1/√D
  /// Key and value may have fewer heads than query: [B,G,S,D] with H a multiple of G; head h reads key head h / (H/G).
  /// Ainslie et al. 2023, arXiv:2305.13245.
  bool enable_gqa = false;
};
/// Shape of the output [...,T,Dv]. Throws SHAPE or RANGE.
Shape sdpa_shape(const In& query, const In& key, const In& value, const SdpaOptions& options);

/// out[t,:] = sum_s softmax_s(scale · q[t,:]·k[s,:] + mask[t,s]) v[s,:], by online softmax over tiles of keys; what a
/// mask leaves out of a tile whole is not computed. Key and value may be contiguous for each head alone, with one step
/// between the heads: the filled part of a cache. Where lse has data, lse[t] = log sum_s exp(…) [...,T], which the
/// backward pass needs. Shapes as for attend with heads = 1. O(T·S·D) time; scratch of some hundred kilobytes a thread.
/// A fully masked row gives zeros, and an lse of -inf. Values are added up before the division and weights may be up to
/// 2^8 until then, so values above 3.4e38/(256·S) may overflow where attend's do not; an infinite value of a key that
/// is not masked but weighs nothing may give NaN. Source: Dao et al. 2022, arXiv:2205.14135, Algorithm 1.
void scaled_dot_product_attention(const In& query, const In& key, const In& value, const SdpaOptions& options,
                                  const Out& out, const Out& lse = {});

/// The gradients of query, key and value where that of the output is out_gradient [...,T,Dv]; out and lse as the
/// forward pass gave them. Those of heads that share a key are summed. The mask has no gradient. NaN in a masked key or
/// value goes nowhere; in a query or in out_gradient it may reach the gradients of all keys and values of its head.
/// O(T·S·D) time, no T×S matrix. Source: Dao 2023, arXiv:2307.08691, Algorithm 2.
struct AttentionGradients {
  Out query, key, value;  ///< of the shapes of query, key and value
};
void scaled_dot_product_attention_backward(const In& query, const In& key, const In& value, const SdpaOptions& options,
                                           const In& out, const In& lse, const In& out_gradient,
                                           const AttentionGradients& gradients);

}  // namespace attn::ops
