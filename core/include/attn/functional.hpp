#pragma once
// Operators on tensors: what users call. Names and meanings are PyTorch's.

#include <optional>
#include <vector>

#include "attn/attention.hpp"
#include "attn/ops.hpp"
#include "attn/tensor.hpp"

namespace attn {

using ops::Normalizer;
using ops::Score;

// Creation.
Tensor zeros(const Shape& shape, DType dtype = DType::float32);
Tensor ones(const Shape& shape, DType dtype = DType::float32);
Tensor full(const Shape& shape, float value);
Tensor arange(double start, double end, double step = 1, DType dtype = DType::float32);  ///< [start, end)
Tensor eye(Index n, DType dtype = DType::float32);
Tensor rand(const Shape& shape);   ///< uniform on [0, 1)
Tensor randn(const Shape& shape);  ///< standard normal

// Elementwise, with NumPy broadcasting. The formulas stand at ops::Unary and ops::Binary.
Tensor unary(ops::Unary f, const Tensor& x);
Tensor binary(ops::Binary f, const Tensor& a, const Tensor& b);
/// x where mask, float32 or int32, is 0, value elsewhere; mask broadcasts to x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, float value);
/// x / (1 - p), but 0 with a chance of p, drawn from default_generator(). Srivastava et al. 2014, JMLR 15.
Tensor dropout(const Tensor& x, double p);

// Shape; views where strides allow, copies elsewhere.
Tensor contiguous(const Tensor& x);
Tensor reshape(const Tensor& x, Shape shape);  ///< one size may be -1
Tensor permute(const Tensor& x, const Shape& dims);
Tensor transpose(const Tensor& x, Index dim0, Index dim1);
Tensor slice(const Tensor& x, Index dim, Index start, Index end);  ///< negative counts from the end; clamped
Tensor index(const Tensor& x, const Tensor& indices);              ///< rows of x; indices int32 of any shape
/// The rows of weight [N,D] that int32 indices [...] name: [...,D]; row padding_idx has no gradient.
Tensor embedding(const Tensor& indices, const Tensor& weight, std::optional<Index> padding_idx = {});
Tensor cat(const std::vector<Tensor>& tensors, Index dim);
Tensor stack(const std::vector<Tensor>& tensors, Index dim);

// Reductions: over one dimension, or over all without one.
Tensor reduce(ops::Reduction f, const Tensor& x, std::optional<Index> dim = {}, bool keepdim = false);

/// a [...,M,K] · b [...,K,N]; a rank-1 side is a row or a column that the result leaves out, as in PyTorch.
Tensor matmul(const Tensor& a, const Tensor& b);
/// f(x [...,I] · weightᵀ + bias); weight [O,I], bias [O] or none, f none unless given.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              std::optional<ops::Unary> activation = {});
/// The same with a weight [O,I] that is packed once, for one that is used many times and does not change.
ops::PackedMatrix pack_linear(const Tensor& weight);
Tensor linear(const Tensor& x, const ops::PackedMatrix& weight, const Tensor& bias = {},
              std::optional<ops::Unary> activation = {});
/// Over the last dimension [N]; see ops::layer_norm and ops::rms_norm. weight and bias [N] or none.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);
Tensor rms_norm(const Tensor& x, const Tensor& weight = {}, double eps = 1e-6);
/// One step of gated recurrent units, from a state h [B,H] to the next: n + z (h - n) with r = σ(x_r + h_r),
/// z = σ(x_z + h_z), n = tanh(x_n + r h_n), where gates_x [B,3H] = W_ih x + b_ih holds x_r, x_z, x_n, and gates_h
/// [B,3H] = W_hh h + b_hh likewise. Cho et al. 2014, arXiv:1406.1078, with the reset gate after the product.
Tensor gru_cell(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h);
Tensor softmax(const Tensor& x, Index dim);
Tensor log_softmax(const Tensor& x, Index dim);
Tensor log_sum_exp(const Tensor& x, Index dim, bool keepdim = false);
/// Row entropies of weights [...,S] -> [...], in nats.
Tensor entropy(const Tensor& weights);
Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, const ops::Conv1d& options = {});
/// Sinusoidal positional encoding [length, dim].
Tensor sinusoidal(Index length, Index dim);
/// Row p of x [...,T,D], which stands at position first + p, with the pairs (x_i, x_{i+D/2}) turned by the angle
/// (first + p) · base^(-2i/D): "rotate half", as in GPT-NeoX and Llama. Throws SHAPE unless D is even, RANGE for a
/// position below 0 or above 2^30, or a base that is not above 0. Source: Su et al. 2021, arXiv:2104.09864.
Tensor rotary(const Tensor& x, Index first_position = 0, double base = 10000);
/// Biases [H,T,S] of scores: -slope_h · |distance| where the T queries are the last of the S positions. Slopes are
/// 2^(-8h/H), h = 1…H; for an H that is no power of 2, those of the power below and then every other one of the next.
/// Throws RANGE. Source: Press et al. 2022, arXiv:2108.12409.
Tensor alibi(Index num_heads, Index queries, Index keys);

/// ops::Mask, on tensors.
struct Mask {
  bool causal = false;
  std::optional<Index> window{};
  Tensor lengths{};  ///< int32 [B]
  /// Broadcasts to the scores. Float32 is added to them; int32 is a boolean mask with the sense of PyTorch's function:
  /// non-zero may be attended to.
  Tensor additive{};
};

/// ops::AttendOptions, on tensors.
struct AttendOptions {
  Score score = Score::scaled_dot;
  Normalizer normalizer = Normalizer::softmax;
  Mask mask{};
  std::optional<double> scale{};
  double temperature = 1;
  Index heads = 1;
  Tensor weight{}, bias{}, query_weight{}, key_weight{}, score_vector{};
};

struct Attention {
  Tensor scores, scaled, masked, weights, output;
};

/// The plain path, every intermediate kept; see ops::attend.
Attention attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttendOptions& options = {});

/// ops::SdpaOptions, on tensors.
struct SdpaOptions {
  Mask mask{};
  std::optional<double> scale{};
  bool enable_gqa = false;
};

/// The fused path; see ops::scaled_dot_product_attention.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const SdpaOptions& options = {});

/// The same with what its backward pass needs.
struct FusedAttention {
  Tensor output;  ///< [...,T,Dv]
  Tensor lse;     ///< [...,T]
};
FusedAttention fused_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                               const SdpaOptions& options = {});

/// Gradients of the inputs; see ops::scaled_dot_product_attention_backward. `forward` as fused_attention gave it.
struct AttentionGradients {
  Tensor query, key, value;
};
AttentionGradients fused_attention_backward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const SdpaOptions& options, const FusedAttention& forward,
                                            const Tensor& output_gradient);

/// PyTorch's state of nn.MultiheadAttention. E must be a multiple of num_heads.
struct MultiHeadWeights {
  Tensor in_proj_weight{};   ///< [3E,E]: W_q, W_k, W_v below one another
  Tensor in_proj_bias{};     ///< [3E], optional
  Tensor out_proj_weight{};  ///< [E,E]
  Tensor out_proj_bias{};    ///< [E], optional
};
struct MultiHeadOutput {
  Tensor output;   ///< [...,T,E]
  Tensor weights;  ///< [...,H,T,S]
};
/// output = W_o · concat_h(attend(W_q q, W_k k, W_v v)_h) + b_o; self-attention where query, key and value are one,
/// cross-attention elsewhere. query [T,E] or [B,T,E], key and value [S,E] or [B,S,E].
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
MultiHeadOutput multi_head_attention_forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                             Index num_heads, const MultiHeadWeights& weights, const Mask& mask = {});

}  // namespace attn
