#include "flash_backward.hpp"

#include <limits>

#include "exp.hpp"
#include "gemm.hpp"
#include "tile.hpp"
#include "turn.hpp"

namespace attn::kernels {

namespace {

/// Queries of a block: whole panels, long enough for the products that run down the queries.
template <class Arch>
constexpr Index kQueries = panels_of<Arch>(64) * kTileColumns<Arch>;

template <class Arch>
Index padded(Index n) {
  return panels_of<Arch>(n) * kTileColumns<Arch>;
}

/// A block of queries in the forms that the five products want. Queries lie along the lanes in the first three,
/// features in the next two.
template <class Arch>
struct Block {
  float *q, *out_gradient, *q_gradient;  // [panels of queries][features][columns]
  float *q_rows, *out_gradient_rows;     // [panels of features][queries][columns]
  float *weights, *score_gradients;      // [kKeys][kQueries]
  float* finite_keys;                    // [kKeys][D], where a masked key is not finite

  static std::int64_t size(std::int64_t d, std::int64_t dv) {
    const std::int64_t most = kTileColumns<Arch> - 1;  // what padding adds
    return kQueries<Arch> * (3 * d + 2 * dv + 2 * most + 2 * kKeys) + kKeys * d;
  }
  Block(float* at, Index d, Index dv) {
    constexpr Index n = kQueries<Arch>;
    q = at;
    out_gradient = q + n * d;
    q_gradient = out_gradient + n * dv;
    q_rows = q_gradient + n * d;
    out_gradient_rows = q_rows + n * padded<Arch>(d);
    weights = out_gradient_rows + n * padded<Arch>(dv);
    score_gradients = weights + n * kKeys;
    finite_keys = score_gradients + n * kKeys;
  }
};

/// c [rows,features] += a [rows,n] · b, b in panels of features.
template <class Arch>
void add_product(Index rows, Index features, Index n, const float* a, const float* b, float* c) {
  constexpr Index columns = kTileColumns<Arch>;
  for (Index j = 0; j < features; j += columns)
    panel_part<Arch>(rows, features - j < columns ? features - j : columns, n, a, kQueries<Arch>, b + j * n, c + j,
                     features, c + j, features);
}

/// weights: scores -> 2^(scores - lse log2 e); score_gradients: dO·v -> weights · (dO·v - delta), for one panel of
/// queries.
template <class Arch>
[[gnu::noinline]] void differentiate(Index rows, Index queries, const float* lse, const float* delta, float* weights,
                                     float* score_gradients) {
  using V = simd::batch<Arch>;
  constexpr Index lanes = simd::kLanes<Arch>, stride = kQueries<Arch>;
  const Exp2<Arch> exp2;
  alignas(64) float sums[kTileColumns<Arch>] = {}, deltas[kTileColumns<Arch>] = {};
  for (Index t = 0; t < queries; ++t) {
    // A query without keys: whatever its scores, it has no weights.
    sums[t] =
        lse[t] == -std::numeric_limits<float>::infinity() ? std::numeric_limits<float>::infinity() : in_log2(lse[t]);
    deltas[t] = delta[t];
  }
  for (Index u = 0; u < kTileColumns<Arch>; u += lanes) {
    const V sum = simd::load<Arch>(sums + u), mean = simd::load<Arch>(deltas + u), zero(0.0f);
    for (Index s = 0; s < rows; ++s) {
      float *weight = weights + s * stride + u, *gradient = score_gradients + s * stride + u;
      // Rounding may leave a score a little above its log-sum-exp.
      const V p = exp2(simd::at_most<Arch>(simd::load<Arch>(weight) - sum, zero));
      simd::store<Arch>(weight, p);
      // Selected: a masked key's value may be NaN.
      simd::store<Arch>(gradient, xsimd::select(p == zero, zero, p * (simd::load<Arch>(gradient) - mean)));
    }
  }
}

/// One tile of keys against one block of queries.
template <class Arch>
void differentiate_tile(const Head& head, const HeadGradient& given, const Keys* keys, Index t0, Index n,
                        const Range& tile, const Block<Arch>& block, float* key_gradient, float* value_gradient) {
  constexpr Index columns = kTileColumns<Arch>, stride = kQueries<Arch>;
  const Index d = head.d, dv = head.dv, rows = tile.end - tile.begin;
  const float* const k = head.k + tile.begin * d;
  const float* const v = head.v + tile.begin * dv;
  const bool clean = tile.whole || finite<Arch>(rows * d, k);
  if (!clean) only_finite<Arch>(rows * d, k, block.finite_keys);
  for (Index t = 0; t < n; t += columns) {
    const Index queries = n - t < columns ? n - t : columns;
    float *const weights = block.weights + t, *const gradients = block.score_gradients + t;
    panel<Arch, Side::rows>(rows, d, k, d, block.q + t * d, columns, kZeros<Arch>, 0, weights, stride);
    if (!tile.whole) mask_scores<Arch>(keys + t0 + t, queries, tile, weights, stride);
    panel<Arch, Side::rows>(rows, dv, v, dv, block.out_gradient + t * dv, columns, kZeros<Arch>, 0, gradients, stride);
    differentiate<Arch>(rows, queries, given.lse + t0 + t, given.delta + t0 + t, weights, gradients);
    float* const q_gradient = block.q_gradient + t * d;
    panel<Arch, Side::columns>(d, rows, clean ? k : block.finite_keys, d, gradients, stride, q_gradient, columns,
                               q_gradient, columns);
    if (!clean) add_rest<Arch>(rows, d, k, gradients, stride, columns, q_gradient);
  }
  add_product<Arch>(rows, dv, n, block.weights, block.out_gradient_rows, value_gradient + tile.begin * dv);
  add_product<Arch>(rows, d, n, block.score_gradients, block.q_rows, key_gradient + tile.begin * d);
}

}  // namespace

template <class Arch>
std::int64_t flash_backward_scratch(Index d, Index dv) {
  return Block<Arch>::size(d, dv);
}

template <class Arch>
void flash_backward(const Head& head, const HeadGradient& given, const Keys* keys, Index first, Index last,
                    float* query_gradient, float* key_gradient, float* value_gradient, float* scratch) {
  constexpr Index columns = kTileColumns<Arch>;
  const Index d = head.d, dv = head.dv;
  const Block<Arch> block(scratch, d, dv);
  for (Index t0 = 0; t0 < given.queries; t0 += kQueries<Arch>) {
    const Index n = given.queries - t0 < kQueries<Arch> ? given.queries - t0 : kQueries<Arch>;
    const Range all = range_of<Arch>(keys + t0, n, first, last);
    if (all.begin >= all.end) continue;
    turn<Arch>(n, d, head.q + t0 * d, head.scale * kLog2e, block.q);
    turn<Arch>(n, dv, given.out_gradient + t0 * dv, 1, block.out_gradient);
    for (Index i = 0; i < kQueries<Arch> * d; ++i) block.q_gradient[i] = 0;
    pack<Arch>(n, d, {head.q + t0 * d, d, 1}, 0, padded<Arch>(d) / columns, block.q_rows);
    for (Index i = 0; i < n * padded<Arch>(d); ++i) block.q_rows[i] *= head.scale;
    pack<Arch>(n, dv, {given.out_gradient + t0 * dv, dv, 1}, 0, padded<Arch>(dv) / columns, block.out_gradient_rows);
    for (Index from = all.begin; from < all.end; from += kKeys) {
      const Range tile = range_of<Arch>(keys + t0, n, from, all.end < from + kKeys ? all.end : from + kKeys);
      if (tile.begin < tile.end)
        differentiate_tile<Arch>(head, given, keys, t0, n, tile, block, key_gradient, value_gradient);
    }
    for (Index t = 0; t < n; t += columns) {
      const Index queries = n - t < columns ? n - t : columns;
      for (Index i = 0; i < d * columns; ++i) block.q_gradient[t * d + i] *= head.scale;
      for (Index r = 0; r < queries; ++r)  // added, and turned on the way
        for (Index i = 0; i < d; ++i) query_gradient[(t0 + t + r) * d + i] += block.q_gradient[t * d + i * columns + r];
    }
  }
}

template std::int64_t flash_backward_scratch<simd::Arch>(Index, Index);
template void flash_backward<simd::Arch>(const Head&, const HeadGradient&, const Keys*, Index, Index, float*, float*,
                                         float*, float*);

}  // namespace attn::kernels
