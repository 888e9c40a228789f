#pragma once
// Reductions of a run of n floats to one number, and the vector step that weighted sums are made of.

#include "attn/shape.hpp"

namespace attn::kernels {

/// sum x; carried in double from one block to the next.
template <class Arch>
double sum(Index n, const float* x);
/// max x, NaN if any is; n >= 1.
template <class Arch>
float max(Index n, const float* x);
/// sum a·b
template <class Arch>
float dot(Index n, const float* a, const float* b);
/// out += factor · x
template <class Arch>
void axpy(Index n, float factor, const float* x, float* out);

}  // namespace attn::kernels
