#pragma once
// Operators on views, run on the thread pool. Inputs fit one another and outputs are contiguous, of the shape that the
// inputs give (functional.hpp sees to that, for whoever does not), and do not overlap an input. Errors (attn::Error)
// come before an output is touched, but those of memory that runs out on the way. Float32, accumulated in float32
// unless a line says otherwise.

#include <cstdint>
#include <optional>
#include <vector>

#include "attn/functions.hpp"
#include "attn/shape.hpp"

namespace attn::ops {

/// out = f(x), elementwise; x may have any strides. gelu is the exact x·Φ(x) (Hendrycks & Gimpel 2016,
/// arXiv:1606.08415), gelu_tanh its older form x/2·(1 + tanh(√(2/π)(x + 0.044715x³))), as in GPT-2; silu x·σ(x). NaN
/// gives NaN. Measured over every float of the range, in units of the last place: exp 1.2 on [-87, 88.7] (denormals
/// below), log 0.9, tanh 1.4, sigmoid 2.5 on [-80, 80]; gelu 8 above 0, 10 on [-3, 0] and 50 on [-9, -3], where it
/// vanishes and its exponential takes a rounded argument. gelu_tanh is x·σ of twice tanh's argument, whose roundings the exponential turns into ones relative to it.
void unary(Unary f, const In& x, const Out& out);

/// out = f'(x) · gradient, where `kept` is x, or f(x) unless from_input(f). relu has the slope 0 at 0, as in PyTorch.
void unary_backward(Unary f, const In& kept, const In& gradient, const Out& out);

/// out = f(a, b) with NumPy broadcasting. IEEE: division by zero gives ±inf or NaN. pow is exp(b·ln|a|) with a's sign:
/// its relative error grows with |b·ln|a||, (-0)^-1 is +inf and (-1)^inf is NaN.
void binary(Binary f, const In& a, const In& b, const Out& out);

/// out = x where mask == 0, value elsewhere; mask broadcasts to x.
void masked_fill(const In& x, const In& mask, float value, const Out& out);

/// out = scores + mask with NumPy broadcasting, but -inf where the mask is, whatever scores hold, NaN too.
void add_mask(const In& scores, const In& mask, const Out& out);

/// out = x / (1 - p) for all but a share of p of the elements, which are 0 instead; the key decides which. All 0 where
/// p is 1. x contiguous.
void dropout(const In& x, double p, std::uint64_t key, const Out& out);

/// out = x; both may have any strides. T is float or std::int32_t.
template <class T>
void copy(const View<const T>& x, const View<T>& out);

/// out += x; both may have any strides, but no two elements of out may be one.
void add_to(const In& x, const Out& out);

/// out[i,...] = x[indices[i],...]; x [N,...], contiguous. Throws RANGE, naming op, unless 0 <= index < N.
void index(std::string_view op, const In& x, std::span<const std::int32_t> indices, const Out& out);

/// out[indices[i],...] += x[i,...]; x contiguous, in the order of i.
void index_add(const In& x, std::span<const std::int32_t> indices, const Out& out);

/// x [outer, n, inner] -> out [outer, inner]. Sums are carried in double from one block of 1024 to the next.
/// max of nothing is an error; max with a NaN is NaN.
void reduce(Reduction f, const In& x, const Out& out);

/// The gradient of x [outer, n, inner] where that of `most`, its maxima [outer, inner], is given: equal shares for all
/// that are the maximum, as torch's amax.
void max_backward(const In& x, const In& most, const In& gradient, const Out& out);

/// out[...,m,n] = sum_k a[...,m,k] b[...,k,n]; leading dimensions broadcast; a and b of any strides, rank >= 2.
/// Summed in float32: relative to sum |a||b| the error is at most k·2^-24. One row or a few are bound by the reading of
/// b.
void matmul(const In& a, const In& b, const Out& out);
/// out = f(x · weightᵀ + bias); x [...,I], weight [O,I], bias [O] or no data; f or none. Bias and f are applied while
/// the product is in the cache.
void linear(const In& x, const In& weight, const In& bias, std::optional<Unary> activation, const Out& out);
/// The shape that matmul gives. Throws SHAPE, naming both.
Shape matmul_shape(std::string_view op, const Shape& a, const Shape& b);

/// The right side of a product, laid out for the kernels once, for many products with it. A copy: later changes of b do
/// not reach it. Of one instruction set: after set_instruction_set, products with it throw UNSUPPORTED.
class PackedMatrix {
 public:
  /// b [k,n] of any strides. Throws OOM.
  explicit PackedMatrix(const In& b);
  Index rows() const { return rows_; }
  Index columns() const { return columns_; }

 private:
  friend void matmul(const In&, const PackedMatrix&, const In&, std::optional<Unary>, const Out&);
  Index rows_, columns_;
  int instruction_set_;
  std::vector<float> packed_;
};
/// out[m,n] = f(sum_k a[m,k] b[k,n] + bias[n]); of 4 rows or more the same bits as matmul gives. a of rank
/// 2. Throws SHAPE or UNSUPPORTED.
void matmul(const In& a, const PackedMatrix& b, const In& bias, std::optional<Unary> activation, const Out& out);

/// Rows x [R,N] -> out [R,N]: (x - mean) / sqrt(var + eps) · weight + bias, var = mean of (x - mean)²; weight and bias
/// [N] or no data. Sums are carried in double from one block of 1024 to the next; squares are float32, so that features
/// beyond 1e19 of the mean have no variance. Source: Ba et al. 2016, arXiv:1607.06450.
void layer_norm(const In& x, const In& weight, const In& bias, double eps, const Out& out);
/// Rows x [R,N] -> out [R,N]: x / sqrt(mean x² + eps) · weight. Source: Zhang & Sennrich 2019, arXiv:1910.07467.
void rms_norm(const In& x, const In& weight, double eps, const Out& out);

/// The gradients of x, weight and bias; a field without data is left out.
struct NormGradients {
  Out x, weight, bias;
};
void layer_norm_backward(const In& x, const In& weight, double eps, const In& gradient, const NormGradients& out);
void rms_norm_backward(const In& x, const In& weight, double eps, const In& gradient, const NormGradients& out);

/// Rows x [R,N] -> out [R,N]: exp(x - max) / sum. A row of -inf gives zeros (PyTorch: NaN), a row with NaN or +inf NaN.
void softmax(const In& x, const Out& out);
/// From the result y and its gradient to that of x.
void softmax_backward(const In& y, const In& gradient, const Out& out);
void log_softmax_backward(const In& y, const In& gradient, const Out& out);
/// Rows x [R,N] -> out [R,N]: x - max - log(sum exp(x - max)). A row of -inf gives -inf.
void log_softmax(const In& x, const Out& out);
/// Rows x [R,N] -> out [R]: max + log(sum exp(x - max)). A row of -inf, or an empty one, gives -inf.
void log_sum_exp(const In& x, const Out& out);

/// Rows w [R,N] -> out [R]: -sum w ln w, in nats; 0 ln 0 is 0, a negative weight gives NaN.
void entropy(const In& weights, const Out& out);

/// Classes of rows of logits, and what is made of them; see attn/losses.hpp.
struct ClassTargets {
  std::span<const std::int32_t> classes;
  const float* weights;  ///< [C], or null: 1 each
  Index ignore_index;
  double label_smoothing;
};
/// Rows x [R,C] -> losses [R], 0 for rows to ignore; returns the weights of the others' classes, summed. Throws RANGE
/// for a class that is not there.
double cross_entropy(const In& x, const ClassTargets& targets, const Out& losses);
/// out = factor · gradient[r] · the gradient of row r's loss; gradient [R], or [1] for all rows.
void cross_entropy_backward(const In& x, const ClassTargets& targets, const In& gradient, double factor,
                            const Out& out);
/// Elementwise; positive is of x's shape or no data.
void binary_cross_entropy(const In& x, const In& target, const In& positive, const Out& out);
/// out = the gradient of x for each element.
void binary_cross_entropy_backward(const In& x, const In& target, const In& positive, const Out& out);

/// One step of gated recurrent units; the formula stands at attn::gru_cell. gates_x and gates_h [B,3H], h and out
/// [B,H].
void gru_cell(const In& gates_x, const In& gates_h, const In& h, const Out& out);
void gru_cell_backward(const In& gates_x, const In& gates_h, const In& h, const In& gradient, const Out& to_x,
                       const Out& to_gates_h, const Out& to_h);

struct Conv1d {
  Index stride = 1;
  Index padding = 0;  ///< zeros on either side
};
/// out[n,o,l] = bias[o] + sum_{c,k} weight[o,c,k] · input[n,c,l·stride + k - padding], as PyTorch's conv1d.
/// input [N,Cin,L], weight [Cout,Cin,K], bias [Cout] or no data, out [N,Cout,(L + 2·padding - K)/stride + 1].
void conv1d(const In& input, const In& weight, const In& bias, const Conv1d& options, const Out& out);
/// Adds to the gradients of input and weight; that of the bias is the sum of `gradient`.
void conv1d_backward(const In& input, const In& weight, const Conv1d& options, const In& gradient, const Out& to_input,
                     const Out& to_weight);
/// The shape that conv1d gives. Throws SHAPE or RANGE.
Shape conv1d_shape(const In& input, const In& weight, const In& bias, const Conv1d& options);

/// out[p,2i] = sin(p / 10000^(2i/D)), out[p,2i+1] = cos of the same; out [T,D]. Vaswani et al. 2017, arXiv:1706.03762.
void sinusoidal(const Out& out);

/// out = x [...,T,D], with the pairs (x_i, x_{i+D/2}) of row t turned by the angles whose cosines and then sines stand
/// in turns[t] [T,D], or back by them. x and out of rank >= 2, of any strides but 1 along D.
void rotary(const In& x, const float* turns, bool back, const Out& out);

}  // namespace attn::ops
