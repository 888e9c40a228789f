#pragma once
// One-dimensional convolution (cross-correlation, as in PyTorch) of one sequence.

#include "attn/shape.hpp"

namespace attn::kernels {

/// out[l] += sum_k weight[k] · input[l·stride + k - padding]; input [L] with zeros beyond either end, out [M].
template <class Arch>
void conv1d_add(Index l, Index k, Index m, const float* input, const float* weight, Index stride, Index padding,
                float* out);

}  // namespace attn::kernels
