#include "decode.hpp"

#include <cmath>
#include <limits>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "exp.hpp"
#include "gemm.hpp"
#include "reduce.hpp"

namespace attn::kernels {

namespace {

/// Keys of a tile; scores of one are the scratch.
constexpr Index kDecodeKeys = 64;

/// out = out · factor; what weighs nothing is left out, an infinite value too.
template <class Arch>
void shrink(Index n, float factor, float* out) {
  if (factor == 0) return fill<Arch>(n, 0, out);
  scale<Arch>(n, out, factor, out);
}

}  // namespace

template <class Arch>
void decode(const Head& head, const Keys& keys, Partial& partial) {
  using V = simd::batch<Arch>;
  const Exp<Arch> exp;
  alignas(64) float scores[kDecodeKeys];
  partial.most = -kInfinity;
  partial.total = 0;
  fill<Arch>(head.dv, 0, partial.out);
  for (Index s = keys.begin; s < keys.end; s += kDecodeKeys) {
    const Index n = keys.end - s < kDecodeKeys ? keys.end - s : kDecodeKeys;
    gemv<Arch>(n, head.d, head.q, {head.k + s * head.d, 1, head.d}, nullptr, scores);
    scale<Arch>(n, scores, head.scale, scores);
    bool masked = false;
    if (keys.additive)
      for (Index j = 0; j < n; ++j) {
        const float added = keys.additive[(s + j) * keys.additive_step];
        masked = masked || added == -kInfinity;
        scores[j] = added == -kInfinity ? -kInfinity : scores[j] + added;  // selected: a masked key's score may be NaN
      }
    const float most = max<Arch>(n, scores);
    if (most == -kInfinity) continue;
    if (!(most < kInfinity)) {  // NaN or +inf, as softmax would give
      partial.most = partial.total = std::numeric_limits<float>::quiet_NaN();
      return fill<Arch>(head.dv, partial.total, partial.out);
    }
    if (most > partial.most) {
      const float factor = std::exp(partial.most - most);  // 0 for the first tile
      shrink<Arch>(head.dv, factor, partial.out);
      partial.total *= factor;
      partial.most = most;
    }
    simd::map<Arch>(n, scores, scores, [&exp, m = V(partial.most)](V x) { return exp.nonpositive(x - m); });
    partial.total += static_cast<float>(sum<Arch>(n, scores));
    const float* const v = head.v + s * head.dv;
    if (!masked)
      gemv<Arch>(head.dv, n, scores, {v, head.dv, 1}, partial.out, partial.out);
    else  // a masked key leaves its value out, NaN too
      for (Index j = 0; j < n; ++j)
        if (scores[j] != 0) axpy<Arch>(head.dv, scores[j], v + j * head.dv, partial.out);
  }
}

template <class Arch>
float merge(Index dv, Index pieces, const Partial* partials, float* out) {
  fill<Arch>(dv, 0, out);
  float most = -kInfinity;
  for (Index i = 0; i < pieces && most == most; ++i)  // a NaN stays
    if (!(partials[i].most <= most)) most = partials[i].most;
  if (most == -kInfinity) return most;
  float total = 0;
  for (Index i = 0; i < pieces; ++i) {
    const float factor = std::exp(partials[i].most - most);
    if (factor == 0) continue;
    total += factor * partials[i].total;
    axpy<Arch>(dv, factor, partials[i].out, out);
  }
  scale<Arch>(dv, out, 1 / total, out);
  return most + std::log(total);
}

template void decode<simd::Arch>(const Head&, const Keys&, Partial&);
template float merge<simd::Arch>(Index, Index, const Partial*, float*);

}  // namespace attn::kernels
