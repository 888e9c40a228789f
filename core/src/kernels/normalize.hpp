#pragma once
// Rows of scores into rows of weights. -inf marks a masked key: its weight is 0. A row without keys gives zeros.
// NaN or +inf in a row makes the whole row NaN. out must not overlap x.

#include "attn/shape.hpp"

namespace attn::kernels {

/// exp(x - max x) / sum exp(x - max x)
template <class Arch>
void softmax(Index n, const float* x, float* out);
/// x - max x - log(sum exp(x - max x)); a row of -inf gives -inf.
template <class Arch>
void log_softmax(Index n, const float* x, float* out);
/// The gradient of x where that of y = softmax(x) is dy: y · (dy - y·dy)
template <class Arch>
void softmax_backward(Index n, const float* y, const float* dy, float* out);
/// The same for y = log_softmax(x): dy - exp(y) · sum dy
template <class Arch>
void log_softmax_backward(Index n, const float* y, const float* dy, float* out);
/// max x + log(sum exp(x - max x)); a row of -inf gives -inf, as does n = 0.
template <class Arch>
float log_sum_exp(Index n, const float* x);
/// softmax(softmax(x)), the second over the keys that are not masked.
template <class Arch>
void double_softmax(Index n, const float* x, float* out);
/// x / sum x. False, with out untouched, where |sum x| <= 4·epsilon·sum |x|: only rounding is left of it, x's own (half
/// of an epsilon each) and the sum's (two halves: it is carried in double from one batch to the next).
template <class Arch>
[[nodiscard]] bool sum_normalize(Index n, const float* x, float* out);
/// argmin over the simplex of ‖p - x‖² (Martins & Astudillo 2016, arXiv:1602.02068), its threshold found by dropping
/// what lies below it until nothing more does (Michelot 1986, doi:10.1007/BF00938486): no sort, a handful of passes.
template <class Arch>
void sparsemax(Index n, const float* x, float* out);
/// -sum w ln w in nats; 0 ln 0 = 0; a negative weight gives NaN.
template <class Arch>
float entropy(Index n, const float* w);

}  // namespace attn::kernels
