#pragma once
// Normalisation of rows of features. weight and bias may be null.

#include "attn/shape.hpp"

namespace attn::kernels {

/// (x - mean x) / sqrt(var x + eps) · weight + bias, var the mean of the squared differences (Ba et al. 2016,
/// arXiv:1607.06450). Sums are carried in double from one block to the next.
template <class Arch>
void layer_norm(Index n, const float* x, const float* weight, const float* bias, double eps, float* out);
/// x / sqrt(mean x² + eps) · weight (Zhang & Sennrich 2019, arXiv:1910.07467).
template <class Arch>
void rms_norm(Index n, const float* x, const float* weight, double eps, float* out);

}  // namespace attn::kernels
