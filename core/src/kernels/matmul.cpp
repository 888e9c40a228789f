#include "matmul.hpp"

#include <algorithm>

#include "../simd.hpp"
#include "reduce.hpp"

namespace attn::kernels {

using simd::batch;
using simd::kLanes;

void matmul(Index m, Index n, Index k, const float* a, Index a_stride, const float* b, Index b_stride, float* c,
            Index c_stride) {
  for (Index i = 0; i < m; ++i) {
    const float* row = a + i * a_stride;
    float* out = c + i * c_stride;
    Index j = 0;
    // Four batches of a row of c stay in registers over the whole of k.
    for (; j + 4 * kLanes <= n; j += 4 * kLanes) {
      batch sums[4] = {batch(0.0f), batch(0.0f), batch(0.0f), batch(0.0f)};
      for (Index p = 0; p < k; ++p) {
        const batch x(row[p]);
        const float* y = b + p * b_stride + j;
        for (Index u = 0; u < 4; ++u) sums[u] = simd::mul_add(x, simd::load(y + u * kLanes), sums[u]);
      }
      for (Index u = 0; u < 4; ++u) simd::store(out + j + u * kLanes, sums[u]);
    }
    for (; j + kLanes <= n; j += kLanes) {
      batch sum(0.0f);
      for (Index p = 0; p < k; ++p) sum = simd::mul_add(batch(row[p]), simd::load(b + p * b_stride + j), sum);
      simd::store(out + j, sum);
    }
    for (; j < n; ++j) {
      float sum = 0;
      for (Index p = 0; p < k; ++p) sum += row[p] * b[p * b_stride + j];
      out[j] = sum;
    }
  }
}

void matmul_transposed(Index m, Index n, Index k, const float* a, Index a_stride, const float* b, Index b_stride,
                       float* c, Index c_stride) {
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) c[i * c_stride + j] = dot(k, a + i * a_stride, b + j * b_stride);
}

void weighted_rows(Index s, Index d, const float* weights, const float* value, Index value_stride, float* out) {
  std::fill_n(out, d, 0.0f);
  for (Index i = 0; i < s; ++i)
    if (weights[i] != 0) axpy(d, weights[i], value + i * value_stride, out);
}

}  // namespace attn::kernels
