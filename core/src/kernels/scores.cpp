#include "scores.hpp"

#include <cmath>

#include "../simd.hpp"
#include "exp.hpp"
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
  const Tanh<Arch> tanh;
  for (Index i = 0; i < t; ++i)
    for (Index j = 0; j < s; ++j) {
      simd::map<Arch>(a, q + i * a, k + j * a, scratch, [&](V x, V y) { return tanh(x + y); });
      scores[i * s + j] = dot<Arch>(a, scratch, v);
    }
}

template <class Arch>
void additive_scores_backward(Index t, Index s, Index a, const float* q, const float* k, const float* v, const float* g,
                              float* to_q, float* to_k, float* to_v) {
  using V = simd::batch<Arch>;
  const Tanh<Arch> tanh;
  for (Index i = 0; i < t; ++i)
    for (Index j = 0; j < s; ++j) {
      const float slope = g[i * s + j];
      if (slope == 0) continue;
      const float *x = q + i * a, *y = k + j * a;
      simd::each<Arch>(a, [&](auto load, auto store) {
        const V h = tanh(load(x) + load(y)), inner = V(slope) * load(v) * (V(1.0f) - h * h);
        store(to_v, load(to_v) + V(slope) * h);
        store(to_q + i * a, load(to_q + i * a) + inner);
        store(to_k + j * a, load(to_k + j * a) + inner);
      });
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
