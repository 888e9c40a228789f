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
/// out[j] = factor · sum_i x[i,j] for at most 64 columns, rows `stride` apart; carried in double from one block of rows
/// to the next.
template <class Arch>
void column_sums(Index n, Index columns, const float* x, Index stride, double factor, float* out);
/// out[j] = max_i x[i,j], NaN if any is; n >= 1.
template <class Arch>
void column_max(Index n, Index columns, const float* x, Index stride, float* out);
/// sum a·b
template <class Arch>
float dot(Index n, const float* a, const float* b);
/// out += factor · x
template <class Arch>
void axpy(Index n, float factor, const float* x, float* out);

}  // namespace attn::kernels
