#pragma once
// One step of gated recurrent units, for one row of the batch.

#include "attn/shape.hpp"

namespace attn::kernels {

/// out = n + z (h - n) with r = σ(x_r + g_r), z = σ(x_z + g_z), n = tanh(x_n + r g_n); x and g [3n] hold the parts r,
/// z, n one after the other, h and out [n]. out must not overlap an input.
template <class Arch>
void gru_cell(Index n, const float* x, const float* g, const float* h, float* out);

/// The gradients of x, g and h where that of the result is `gradient`. The gates are computed anew, which costs less
/// than to keep them.
template <class Arch>
void gru_cell_backward(Index n, const float* x, const float* g, const float* h, const float* gradient, float* to_x,
                       float* to_g, float* to_h);

}  // namespace attn::kernels
