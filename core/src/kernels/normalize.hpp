#pragma once
// Rows of scores into rows of weights. -inf marks a masked key: its weight is 0. A row without keys gives zeros.
// NaN or +inf in a row makes the whole row NaN. out must not overlap x.

#include "attn/shape.hpp"

namespace attn::kernels {

/// exp(x - max x) / sum exp(x - max x)
void softmax(Index n, const float* x, float* out);
/// x - max x - log(sum exp(x - max x)); a row of -inf gives -inf.
void log_softmax(Index n, const float* x, float* out);
/// softmax(softmax(x)), the second over the keys that are not masked.
void double_softmax(Index n, const float* x, float* out);
/// x / sum x. False, with out untouched, where |sum x| <= 4·epsilon·sum |x|: only rounding is left of it, x's own (half
/// of an epsilon each) and the sum's (two halves: it is carried in double from one batch to the next).
[[nodiscard]] bool sum_normalize(Index n, const float* x, float* out);
/// argmin over the simplex of ‖p - x‖² (Martins & Astudillo 2016, arXiv:1602.02068, algorithm 1); scratch [n].
void sparsemax(Index n, const float* x, float* out, float* scratch);
/// -sum w ln w in nats; 0 ln 0 = 0; a negative weight gives NaN.
float entropy(Index n, const float* w);

}  // namespace attn::kernels
