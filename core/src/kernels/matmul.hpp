#pragma once
// Matrix products of float32, accumulated in float32 in the order of k; a_stride etc. are floats between rows.

#include "attn/shape.hpp"

namespace attn::kernels {

/// c[m,n] = sum_k a[m,k] · b[k,n]
void matmul(Index m, Index n, Index k, const float* a, Index a_stride, const float* b, Index b_stride, float* c,
            Index c_stride);

/// c[m,n] = sum_k a[m,k] · b[n,k]
void matmul_transposed(Index m, Index n, Index k, const float* a, Index a_stride, const float* b, Index b_stride,
                       float* c, Index c_stride);

/// out[d] = sum_s weights[s] · value[s,d]; a weight of 0 leaves its row out, whatever it holds.
void weighted_rows(Index s, Index d, const float* weights, const float* value, Index value_stride, float* out);

}  // namespace attn::kernels
