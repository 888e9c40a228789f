#pragma once
// Operators on views: each checks that its inputs fit one another, then runs on the thread pool. Outputs are
// contiguous, of the shape that the inputs give (the caller sees to that), and do not overlap an input. Errors
// (attn::Error) come before an output is touched. Float32, accumulated in float32 unless a line says otherwise.

#include <cstdint>

#include "attn/functions.hpp"
#include "attn/shape.hpp"

namespace attn::ops {

/// out = f(x), elementwise; x may have any strides. gelu is the exact x·Φ(x) (Hendrycks & Gimpel 2016,
/// arXiv:1606.08415); silu x·σ(x). NaN gives NaN. exp is infinite from 88.38 on, a little before float32 ends.
void unary(Unary f, const In& x, const Out& out);

/// out = f(a, b) with NumPy broadcasting. IEEE: division by zero gives ±inf or NaN. pow is exp(b·ln|a|) with a's sign:
/// its relative error grows with |b·ln|a||, (-0)^-1 is +inf and (-1)^inf is NaN.
void binary(Binary f, const In& a, const In& b, const Out& out);

/// out = x where mask == 0, value elsewhere; mask broadcasts to x.
void masked_fill(const In& x, const In& mask, float value, const Out& out);

/// out = x; both may have any strides. T is float or std::int32_t.
template <class T>
void copy(const View<const T>& x, const View<T>& out);

/// out[i,...] = x[indices[i],...]; x [N,...], contiguous. Throws RANGE unless 0 <= index < N.
void index(const In& x, std::span<const std::int32_t> indices, const Out& out);

/// x [outer, n, inner] -> out [outer, inner]. Sums are carried in double from one block of 1024 to the next.
/// max of nothing is an error; max with a NaN is NaN.
void reduce(Reduction f, const In& x, const Out& out);

/// out[...,m,n] = sum_k a[...,m,k] b[...,k,n]; leading dimensions broadcast. a, b contiguous, rank >= 2.
void matmul(const In& a, const In& b, const Out& out);
/// The shape that matmul gives. Throws SHAPE, naming both.
Shape matmul_shape(std::string_view op, const Shape& a, const Shape& b);

/// Rows x [R,N] -> out [R,N]: exp(x - max) / sum. A row of -inf gives zeros (PyTorch: NaN), a row with NaN or +inf NaN.
void softmax(const In& x, const Out& out);
/// Rows x [R,N] -> out [R,N]: x - max - log(sum exp(x - max)). A row of -inf gives -inf.
void log_softmax(const In& x, const Out& out);

/// Rows w [R,N] -> out [R]: -sum w ln w, in nats; 0 ln 0 is 0, a negative weight gives NaN.
void entropy(const In& weights, const Out& out);

struct Conv1d {
  Index stride = 1;
  Index padding = 0;  ///< zeros on either side
};
/// out[n,o,l] = bias[o] + sum_{c,k} weight[o,c,k] · input[n,c,l·stride + k - padding], as PyTorch's conv1d.
/// input [N,Cin,L], weight [Cout,Cin,K], bias [Cout] or no data, out [N,Cout,(L + 2·padding - K)/stride + 1].
void conv1d(const In& input, const In& weight, const In& bias, const Conv1d& options, const Out& out);
/// The shape that conv1d gives. Throws SHAPE or RANGE.
Shape conv1d_shape(const In& input, const In& weight, const In& bias, const Conv1d& options);

/// out[p,2i] = sin(p / 10000^(2i/D)), out[p,2i+1] = cos of the same; out [T,D]. Vaswani et al. 2017, arXiv:1706.03762.
void sinusoidal(const Out& out);

}  // namespace attn::ops
