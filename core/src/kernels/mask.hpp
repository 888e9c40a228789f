#pragma once
// Which keys a panel of queries has, and what a mask does to their scores; for both passes of fused attention.

#include <algorithm>
#include <cmath>
#include <limits>

#include "exp.hpp"

namespace attn::kernels {

/// Keys of a tile: what of K and V stays near while every panel of queries passes.
inline constexpr Index kKeys = 96;

/// Keys of one query: [begin, end), and what is added to their scores; a -inf there masks. additive may be null.
struct Keys {
  Index begin, end;
  const float* additive;
  Index additive_step;
};

/// Where the keys of a panel's queries begin and end, and whether each of them has all of these.
struct Range {
  Index begin, end;
  bool whole;
};
template <class Arch>
Range range_of(const Keys* keys, Index queries, Index first, Index last) {
  Range range{last, first, true};
  for (Index t = 0; t < queries; ++t) {
    const Index begin = keys[t].begin > first ? keys[t].begin : first, end = keys[t].end < last ? keys[t].end : last;
    if (begin >= end) continue;
    range.begin = begin < range.begin ? begin : range.begin;
    range.end = end > range.end ? end : range.end;
  }
  for (Index t = 0; t < queries; ++t)
    range.whole = range.whole && keys[t].begin <= range.begin && keys[t].end >= range.end && !keys[t].additive;
  return range;
}

/// x in units of log 2, where what would leave float32's range stays finite.
inline float in_log2(float x) {
  constexpr float most = std::numeric_limits<float>::max();
  return std::isfinite(x) ? std::clamp(x * kLog2e, -most, most) : x;
}

/// scores [keys of the range, queries], rows `stride` apart, in units of log 2: adds, and puts -inf where a key is
/// masked.
template <class Arch>
void mask_scores(const Keys* keys, Index queries, const Range& range, float* scores, Index stride) {
  constexpr float masked = -std::numeric_limits<float>::infinity();
  for (Index t = 0; t < queries; ++t) {
    const Keys& own = keys[t];
    const Index begin = std::clamp(own.begin, range.begin, range.end), end = std::clamp(own.end, begin, range.end);
    float* const column = scores + t - range.begin * stride;
    for (Index s = range.begin; s < begin; ++s) column[s * stride] = masked;
    for (Index s = end; s < range.end; ++s) column[s * stride] = masked;
    if (!own.additive) continue;
    for (Index s = begin; s < end; ++s) {
      const float added = own.additive[s * own.additive_step];
      float& score = column[s * stride];
      score = added == masked ? masked : score + in_log2(added);  // selected: a masked key's score may be NaN
    }
  }
}

/// Whether what weighs nothing may be multiplied by 0: NaN and infinity would not vanish.
template <class Arch>
bool finite(Index n, const float* x) {
  using V = simd::batch<Arch>;
  return simd::sum<Arch>(n, x, [](V v) { return v * V(0.0f); }) == 0;
}

/// x with 0 for what is not finite; add_rest adds that where it belongs.
template <class Arch>
void only_finite(Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  simd::map<Arch>(n, x, out, [](V v) { return xsimd::select(v * V(0.0f) == V(0.0f), v, V(0.0f)); });
}

/// out[i,t] += x[s,i] · weights[s,t] for the x that are not finite and the weights that are not 0.
template <class Arch>
void add_rest(Index rows, Index features, const float* x, const float* weights, Index stride, Index columns,
              float* out) {
  for (Index s = 0; s < rows; ++s)
    for (Index i = 0; i < features; ++i) {
      const float value = x[s * features + i];
      if (value * 0 == 0) continue;
      for (Index t = 0; t < columns; ++t)
        if (weights[s * stride + t] != 0) out[i * columns + t] += weights[s * stride + t] * value;
    }
}

}  // namespace attn::kernels
