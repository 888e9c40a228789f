#include "scores.hpp"

#include <cmath>

#include "../simd.hpp"
#include "reduce.hpp"

namespace attn::kernels {

template <class Arch>
void divide_by_norms(Index t, Index s, Index d, const float* q, Index q_stride, const float* k, Index k_stride,
                     bool root, float* scores, float* norms) {
  using V = simd::batch<Arch>;
  for (Index j = 0; j < s; ++j) norms[j] = std::sqrt(dot<Arch>(d, k + j * k_stride, k + j * k_stride));
  for (Index i = 0; i < t; ++i) {
    const V norm(std::sqrt(dot<Arch>(d, q + i * q_stride, q + i * q_stride)));
    simd::map<Arch>(s, scores + i * s, norms, scores + i * s, [=](V score, V key_norm) {
      // Roots are taken before the product, which could overflow or vanish.
      const V by = root ? xsimd::sqrt(norm) * xsimd::sqrt(key_norm) : norm * key_norm;
      return xsimd::select(by == V(0.0f), V(0.0f), score / by);
    });
  }
}

template <class Arch>
void additive_scores(Index t, Index s, Index a, const float* q, const float* k, const float* v, float* scores,
                     float* scratch) {
  using V = simd::batch<Arch>;
  for (Index i = 0; i < t; ++i)
    for (Index j = 0; j < s; ++j) {
      simd::map<Arch>(a, q + i * a, k + j * a, scratch, [](V x, V y) { return xsimd::tanh(x + y); });
      scores[i * s + j] = dot<Arch>(a, scratch, v);
    }
}

template <class Arch>
void additive_scores_backward(Index t, Index s, Index a, const float* q, const float* k, const float* v, const float* g,
                              float* to_q, float* to_k, float* to_v) {
  using V = simd::batch<Arch>;
  constexpr Index lanes = simd::kLanes<Arch>;
  for (Index i = 0; i < t; ++i)
    for (Index j = 0; j < s; ++j) {
      const float slope = g[i * s + j];
      if (slope == 0) continue;
      const float *x = q + i * a, *y = k + j * a;
      Index at = 0;
      for (; at + lanes <= a; at += lanes) {
        const V h = xsimd::tanh(simd::load<Arch>(x + at) + simd::load<Arch>(y + at));
        const V inner = V(slope) * simd::load<Arch>(v + at) * (V(1.0f) - h * h);
        simd::store<Arch>(to_v + at, simd::load<Arch>(to_v + at) + V(slope) * h);
        simd::store<Arch>(to_q + i * a + at, simd::load<Arch>(to_q + i * a + at) + inner);
        simd::store<Arch>(to_k + j * a + at, simd::load<Arch>(to_k + j * a + at) + inner);
      }
      for (; at < a; ++at) {
        const float h = std::tanh(x[at] + y[at]), inner = slope * v[at] * (1 - h * h);
        to_v[at] += slope * h;
        to_q[i * a + at] += inner;
        to_k[j * a + at] += inner;
      }
    }
}

template <class Arch>
void weighted_rows(Index s, Index d, const float* weights, const float* value, Index value_stride, float* out) {
  for (Index i = 0; i < d; ++i) out[i] = 0;
  for (Index i = 0; i < s; ++i)
    if (weights[i] != 0) axpy<Arch>(d, weights[i], value + i * value_stride, out);
}

template void divide_by_norms<simd::Arch>(Index, Index, Index, const float*, Index, const float*, Index, bool, float*,
                                          float*);
template void additive_scores<simd::Arch>(Index, Index, Index, const float*, const float*, const float*, float*,
                                          float*);
template void additive_scores_backward<simd::Arch>(Index, Index, Index, const float*, const float*, const float*,
                                                   const float*, float*, float*, float*);
template void weighted_rows<simd::Arch>(Index, Index, const float*, const float*, Index, float*);

}  // namespace attn::kernels
