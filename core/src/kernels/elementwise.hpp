#pragma once
// Elementwise loops over contiguous runs of n floats. out may be the input itself.

#include "attn/functions.hpp"
#include "attn/shape.hpp"

namespace attn::kernels {

template <class Arch>
void unary(ops::Unary f, Index n, const float* x, float* out);

/// out = f'(x) · gradient; kept is x, or f(x) unless from_input(f).
template <class Arch>
void unary_backward(ops::Unary f, Index n, const float* kept, const float* gradient, float* out);

/// Where a step is 0, that side is one number for the whole run; else 1.
template <class Arch>
void binary(ops::Binary f, Index n, const float* a, Index a_step, const float* b, Index b_step, float* out);

/// out = x, for runs so short that a call of memmove costs more than they do
template <class Arch>
void copy(Index n, const float* x, float* out);

/// out = value
template <class Arch>
void fill(Index n, float value, float* out);

/// out = x · factor
template <class Arch>
void scale(Index n, const float* x, float factor, float* out);

}  // namespace attn::kernels
