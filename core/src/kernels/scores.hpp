#pragma once
// Score functions beyond the dot product.

#include "attn/shape.hpp"

namespace attn::kernels {

/// Divides scores[t,s] = q[t]·k[s] by ‖q[t]‖‖k[s]‖, or by its root; 0 where a norm is 0. norms: scratch [S].
template <class Arch>
void divide_by_norms(Index t, Index s, Index d, const float* q, Index q_stride, const float* k, Index k_stride,
                     bool root, float* scores, float* norms);

/// scores[t,s] = sum_a v[a] · tanh(q[t,a] + k[s,a]); q [T,A] and k [S,A] already projected; scratch [A].
template <class Arch>
void additive_scores(Index t, Index s, Index a, const float* q, const float* k, const float* v, float* scores,
                     float* scratch);

/// Adds to the gradients of q, k and v where that of the scores is g [T,S].
template <class Arch>
void additive_scores_backward(Index t, Index s, Index a, const float* q, const float* k, const float* v, const float* g,
                              float* to_q, float* to_k, float* to_v);

/// out[d] = sum_s weights[s] · value[s,d]; a weight of 0 leaves its row out, whatever it holds.
template <class Arch>
void weighted_rows(Index s, Index d, const float* weights, const float* value, Index value_stride, float* out);

}  // namespace attn::kernels
