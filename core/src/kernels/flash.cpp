#include "flash.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "exp.hpp"
#include "mask.hpp"
#include "tile.hpp"
#include "transpose.hpp"
#include "turn.hpp"

namespace attn::kernels {

namespace {

/// The running state of one panel of queries, in scratch.
template <class Arch>
struct Panel {
  float *q, *out, *most, *total;  // [D,columns], [Dv,columns], [columns], [columns]

  static std::int64_t size(std::int64_t d, std::int64_t dv) { return (d + dv + 2) * kTileColumns<Arch>; }
  Panel(float* at, Index d, Index dv)
      : q(at), out(q + d * kTileColumns<Arch>), most(out + dv * kTileColumns<Arch>), total(most + kTileColumns<Arch>) {}
};

/// How far, in powers of 2, a score may rise above the running maximum before the output is brought up to date: any
/// level that keeps sums in range gives the same quotient, and most tiles raise the maximum of a query by little.
constexpr float kRise = 8;

/// scores -> 2^(scores - most), with most and total brought up to date, and out shrunk to the new maximum.
template <class Arch>
[[gnu::noinline]] void exponentiate(Index rows, Index dv, float* scores, const Panel<Arch>& panel) {
  using V = simd::batch<Arch>;
  constexpr Index columns = kTileColumns<Arch>, lanes = simd::kLanes<Arch>, batches = Tile<Arch>::batches;
  const Exp2<Arch> exp2;
  V highest[batches];
  for (Index u = 0; u < batches; ++u) highest[u] = V(-kInfinity);
  for (Index s = 0; s < rows; ++s)
    for (Index u = 0; u < batches; ++u)  // a NaN does not rise, but gives a NaN below
      highest[u] = simd::at_least<Arch>(highest[u], simd::load<Arch>(scores + s * columns + u * lanes));
  // From here a register of queries at a time, which leaves room for the constants of exp2.
  for (Index u = 0; u < batches; ++u) {
    V most = simd::load<Arch>(panel.most + u * lanes), sum = simd::load<Arch>(panel.total + u * lanes);
    const auto risen = highest[u] > most + V(kRise);
    if (xsimd::any(risen)) {
      const V before = most;
      most = xsimd::select(risen, highest[u], before);
      simd::store<Arch>(panel.most + u * lanes, most);
      const V shrink = exp2(xsimd::select(risen, before - most, V(0.0f)));
      sum *= shrink;
      if (xsimd::any(before != V(-kInfinity)))
        // What weighs nothing is left out, an infinite value too.
        for (float *out = panel.out + u * lanes, *end = out + dv * columns; out != end; out += columns)
          simd::store<Arch>(out, xsimd::select(shrink == V(0.0f), V(0.0f), simd::load<Arch>(out) * shrink));
    }
    // A query without a key yet: any finite number keeps 2^(-inf - most) at 0.
    const V level = xsimd::select(most == V(-kInfinity), V(0.0f), most);
    for (float *score = scores + u * lanes, *end = score + rows * columns; score != end; score += columns) {
      const V weight = exp2(simd::load<Arch>(score) - level);
      sum += weight;
      simd::store<Arch>(score, weight);
    }
    simd::store<Arch>(panel.total + u * lanes, sum);
  }
}

}  // namespace

template <class Arch>
std::int64_t flash_scratch(Index queries, Index d, Index dv) {
  return panels_of<Arch>(queries) * Panel<Arch>::size(d, dv) + kKeys * (std::int64_t{kTileColumns<Arch>} + dv);
}

template <class Arch>
void flash_block(Index queries, const Head& head, const Keys* keys, float* out, float* lse, float* scratch) {
  constexpr Index columns = kTileColumns<Arch>;
  const Index d = head.d, dv = head.dv, size = static_cast<Index>(Panel<Arch>::size(d, dv));
  float* const scores = scratch;
  float* const values = scores + kKeys * columns;
  float* const panels = values + kKeys * dv;
  Index first = std::numeric_limits<Index>::max(), last = 0;
  for (Index t = 0; t < queries; ++t) {
    if (keys[t].begin >= keys[t].end) continue;
    first = keys[t].begin < first ? keys[t].begin : first;
    last = keys[t].end > last ? keys[t].end : last;
  }

  for (Index t = 0; t < queries; t += columns) {
    const Index n = queries - t < columns ? queries - t : columns;
    const Panel<Arch> panel(panels + t / columns * size, d, dv);
    turn<Arch>(n, d, head.q + t * d, head.scale * kLog2e, panel.q);
    for (Index i = 0; i < dv * columns; ++i) panel.out[i] = 0;
    for (Index i = 0; i < columns; ++i) panel.most[i] = -kInfinity, panel.total[i] = 0;
  }

  // Tiles start at multiples of their size, so that a query's result does not depend on its block.
  for (Index from = first / kKeys * kKeys; from < last; from += kKeys) {
    const Index to = last < from + kKeys ? last : from + kKeys;
    std::optional<bool> clean;  // whether the values of the tile are finite; asked where a mask makes it count
    for (Index t = 0; t < queries; t += columns) {
      const Index n = queries - t < columns ? queries - t : columns;
      const Range range = range_of<Arch>(keys + t, n, from, to);
      if (range.begin >= range.end) continue;
      const Panel<Arch> panel(panels + t / columns * size, d, dv);
      const Index rows = range.end - range.begin;
      kernels::panel<Arch, Side::rows>(rows, d, head.k + range.begin * d, d, panel.q, columns, kZeros<Arch>, 0, scores,
                                       columns);
      if (!range.whole) mask_scores<Arch>(keys + t, n, range, scores, columns);
      exponentiate<Arch>(rows, dv, scores, panel);
      const float* const v = head.v + range.begin * dv;
      if (!range.whole && !clean) {
        clean = finite<Arch>((to - from) * dv, head.v + from * dv);
        if (!*clean) only_finite<Arch>((to - from) * dv, head.v + from * dv, values);
      }
      const bool as_is = range.whole || *clean;
      kernels::panel<Arch, Side::columns>(dv, rows, as_is ? v : values + (range.begin - from) * dv, dv, scores, columns,
                                          panel.out, columns, panel.out, columns);
      if (!as_is) add_rest<Arch>(rows, dv, v, scores, columns, columns, panel.out);
    }
  }

  for (Index t = 0; t < queries; t += columns) {
    const Index n = queries - t < columns ? queries - t : columns;
    const Panel<Arch> panel(panels + t / columns * size, d, dv);
    for (Index i = 0; i < n; ++i) {
      if (lse) lse[t + i] = panel.total[i] == 0 ? -kInfinity : (panel.most[i] + std::log2(panel.total[i])) / kLog2e;
      panel.total[i] = panel.total[i] == 0 ? 0 : 1 / panel.total[i];
    }
    for (Index i = 0; i < dv; ++i)
      for (Index u = 0; u < columns; ++u) panel.out[i * columns + u] *= panel.total[u];
    transpose<Arch>(dv, n, panel.out, columns, out + t * dv, dv);
  }
}

template std::int64_t flash_scratch<simd::Arch>(Index, Index, Index);
template void flash_block<simd::Arch>(Index, const Head&, const Keys*, float*, float*, float*);

}  // namespace attn::kernels
