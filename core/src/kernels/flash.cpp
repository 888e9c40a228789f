#include "flash.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "reduce.hpp"

namespace attn::kernels {

void flash_row(Index d, Index dv, const float* q, const float* k, Index k_stride, const float* v, Index v_stride,
               float factor, const Keys& keys, float* out) {
  constexpr Index tile = 64;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  alignas(64) float scores[tile];
  float most = -infinity;
  double total = 0;
  std::fill_n(out, dv, 0.0f);
  for (Index begin = keys.begin; begin < keys.end; begin += tile) {
    const Index n = std::min(tile, keys.end - begin);
    for (Index j = 0; j < n; ++j) {
      const Index s = begin + j;
      const float added = keys.additive ? keys.additive[s * keys.additive_step] : 0.0f;
      // Selected, not added: a masked key's score may be NaN.
      scores[j] = added == -infinity ? -infinity : factor * dot(d, q, k + s * k_stride) + added;
    }
    const float tile_most = max(n, scores);
    if (tile_most == -infinity) continue;
    if (!(tile_most < infinity)) {  // NaN or +inf, as softmax would give
      std::fill_n(out, dv, std::numeric_limits<float>::quiet_NaN());
      return;
    }
    if (tile_most > most) {
      const float shrink = std::exp(most - tile_most);  // 0 for the first tile
      if (shrink == 0)
        std::fill_n(out, dv, 0.0f);  // what came before weighs nothing, an infinite value neither
      else
        scale(dv, out, shrink, out);
      total *= static_cast<double>(shrink);
      most = tile_most;
    }
    simd::map(n, scores, scores, [m = simd::batch(most)](simd::batch x) { return xsimd::exp(x - m); });
    total += sum(n, scores);
    for (Index j = 0; j < n; ++j)
      if (scores[j] != 0) axpy(dv, scores[j], v + (begin + j) * v_stride, out);
  }
  if (total > 0) scale(dv, out, static_cast<float>(1 / total), out);
}

}  // namespace attn::kernels
