#pragma once
// Normalisation of rows of features. weight and bias may be null.

#include "attn/shape.hpp"

namespace attn::kernels {

enum class Norm { layer, rms };

/// layer: (x - mean x) / sqrt(var x + eps) · weight + bias, var the mean of the squared differences (Ba et al. 2016,
/// arXiv:1607.06450). rms: x / sqrt(mean x² + eps) · weight (Zhang & Sennrich 2019, arXiv:1910.07467). Sums are
/// carried in double from one block to the next.
template <class Arch>
void normalize(Norm kind, Index n, const float* x, const float* weight, const float* bias, double eps, float* out);

/// out = the gradient of x where that of the result is g; adds to those of weight and bias.
template <class Arch>
void normalize_backward(Norm kind, Index n, const float* x, const float* weight, double eps, const float* g, float* out,
                        float* to_weight, float* to_bias);

}  // namespace attn::kernels
