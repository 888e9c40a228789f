#pragma once
// Pairs of features turned by angles.

#include "attn/shape.hpp"

namespace attn::kernels {

/// out_i = x_i cos_i - x_{i+half} sin_i, out_{i+half} = x_{i+half} cos_i + x_i sin_i for i < half; with `back` by the
/// negative angle. turn: the cosines [half], then the sines. out must not be x.
template <class Arch>
void rotate(Index half, const float* x, const float* turn, bool back, float* out);

}  // namespace attn::kernels
