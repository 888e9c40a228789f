#pragma once
// Score functions beyond the dot product.

#include "attn/shape.hpp"

namespace attn::kernels {

/// Divides scores[t,s] = q[t]·k[s] by ‖q[t]‖‖k[s]‖, or by its root; 0 where a norm is 0. norms: scratch [S].
void divide_by_norms(Index t, Index s, Index d, const float* q, Index q_stride, const float* k, Index k_stride,
                     bool root, float* scores, float* norms);

/// scores[t,s] = sum_a v[a] · tanh(q[t,a] + k[s,a]); q [T,A] and k [S,A] already projected; scratch [A].
void additive_scores(Index t, Index s, Index a, const float* q, const float* k, const float* v, float* scores,
                     float* scratch);

}  // namespace attn::kernels
