#include "scores.hpp"

#include <cmath>

#include "../simd.hpp"
#include "reduce.hpp"

namespace attn::kernels {

using simd::batch;

void divide_by_norms(Index t, Index s, Index d, const float* q, Index q_stride, const float* k, Index k_stride,
                     bool root, float* scores, float* norms) {
  for (Index j = 0; j < s; ++j) norms[j] = std::sqrt(dot(d, k + j * k_stride, k + j * k_stride));
  for (Index i = 0; i < t; ++i) {
    const batch norm(std::sqrt(dot(d, q + i * q_stride, q + i * q_stride)));
    simd::map(s, scores + i * s, norms, scores + i * s, [=](batch score, batch key_norm) {
      // Roots are taken before the product, which could overflow or vanish.
      const batch by = root ? xsimd::sqrt(norm) * xsimd::sqrt(key_norm) : norm * key_norm;
      return xsimd::select(by == batch(0.0f), batch(0.0f), score / by);
    });
  }
}

void additive_scores(Index t, Index s, Index a, const float* q, const float* k, const float* v, float* scores,
                     float* scratch) {
  for (Index i = 0; i < t; ++i)
    for (Index j = 0; j < s; ++j) {
      simd::map(a, q + i * a, k + j * a, scratch, [](batch x, batch y) { return xsimd::tanh(x + y); });
      scores[i * s + j] = dot(a, scratch, v);
    }
}

}  // namespace attn::kernels
