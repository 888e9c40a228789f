#pragma once
// The register tile: the one loop in which nearly all time is spent. An outer product of a column of a (broadcast one
// element at a time) and a row of b is added to rows × columns of accumulators that stay in registers.

#include "../simd.hpp"

namespace attn::kernels {

/// Rows and batches of the tile: as many accumulators as the registers leave beside one row of b and one element of a,
/// since fewer than latency × ports of them leave the multipliers waiting. Measured; tests/bench/README.md has the
/// rest.
template <class Arch>
struct Tile {
  static constexpr Index rows = 4, batches = 2;
};
#if defined(__x86_64__)
template <>
struct Tile<xsimd::fma3<xsimd::avx2>> {
  static constexpr Index rows = 6, batches = 2;
};
template <>
struct Tile<xsimd::avx512bw> {
  static constexpr Index rows = 12, batches = 2;
};
#elif defined(__wasm_relaxed_simd__)
// V8 keeps 15 registers: 9 sums, 3 of b, 1 of a. 5×8 and 6×8 spill.
template <>
struct Tile<xsimd::wasm> {
  static constexpr Index rows = 3, batches = 3;
};
#elif defined(__aarch64__)
template <>
struct Tile<simd::Arch> {
  static constexpr Index rows = 8, batches = 3;
};
#endif

template <class Arch>
inline constexpr Index kTileRows = Tile<Arch>::rows;
template <class Arch>
inline constexpr Index kTileColumns = Tile<Arch>::batches* simd::kLanes<Arch>;

/// Panels of the tile's columns that n of them take.
template <class Arch>
constexpr Index panels_of(Index n) {
  return n / kTileColumns<Arch> + (n % kTileColumns<Arch> != 0);
}

/// How the left operand of a tile lies: a column's elements side by side and columns `step` apart, or rows so.
enum class Side { columns, rows };

/// c[i,j] = start[i,j] + sum_p a[i,p] · b[p,j] for kRows rows and the tile's columns, added up in the order of p.
/// Strides and steps in floats; a stride of 0 repeats. c may be start; neither may overlap a or b.
template <class Arch, Index kRows, Side side>
[[gnu::always_inline]] inline void tile(Index k, const float* a, Index a_step, const float* b, Index b_step,
                                        const float* start, Index start_stride, float* c, Index c_stride) {
  using V = simd::batch<Arch>;
  constexpr Index batches = Tile<Arch>::batches, lanes = simd::kLanes<Arch>;
  V sums[kRows][batches];
#pragma GCC unroll 16
  for (Index i = 0; i < kRows; ++i)
#pragma GCC unroll 16
    for (Index u = 0; u < batches; ++u) sums[i][u] = simd::load<Arch>(start + i * start_stride + u * lanes);
  // Rows of a in groups of three, each with a pointer: x86 adds a step or two of them to it for nothing, where twelve
  // offsets do not fit its registers.
  constexpr Index groups = (kRows + 2) / 3;
  const float* from[groups];
#pragma GCC unroll 16
  for (Index g = 0; g < groups; ++g) from[g] = side == Side::columns ? a : a + 3 * g * a_step;
  // Not unrolled: V8 would spill.
  for (Index p = 0; p < k; ++p) {
    V row[batches];
#pragma GCC unroll 16
    for (Index u = 0; u < batches; ++u) row[u] = simd::load<Arch>(b + u * lanes);
#pragma GCC unroll 16
    for (Index i = 0; i < kRows; ++i) {
      const V x(side == Side::columns ? a[i] : from[i / 3][i % 3 * a_step]);
#pragma GCC unroll 16
      for (Index u = 0; u < batches; ++u) sums[i][u] = simd::mul_add<Arch>(x, row[u], sums[i][u]);
    }
    if (side == Side::columns) {
      a += a_step;
    } else {
#pragma GCC unroll 16
      for (Index g = 0; g < groups; ++g) ++from[g];
    }
    b += b_step;
  }
#pragma GCC unroll 16
  for (Index i = 0; i < kRows; ++i)
#pragma GCC unroll 16
    for (Index u = 0; u < batches; ++u) simd::store<Arch>(c + i * c_stride + u * lanes, sums[i][u]);
}

/// `count` tiles, one below the other.
template <class Arch, Index kRows, Side side>
[[gnu::noinline]] void tiles(Index count, Index k, const float* a, Index a_step, const float* b, Index b_step,
                             const float* start, Index start_stride, float* c, Index c_stride) {
  const Index a_row = side == Side::columns ? 1 : a_step;
  for (; count > 0; --count) {
    tile<Arch, kRows, side>(k, a, a_step, b, b_step, start, start_stride, c, c_stride);
    a += kRows * a_row, start += kRows * start_stride, c += kRows * c_stride;
  }
}

/// The same for a number of rows a tile, at most kTileRows, that is not known to the compiler.
template <class Arch, Side side>
void tiles_of(Index rows, Index count, Index k, const float* a, Index a_step, const float* b, Index b_step,
              const float* start, Index start_stride, float* c, Index c_stride) {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    ((rows == static_cast<Index>(i + 1) ? tiles<Arch, static_cast<Index>(i + 1), side>(count, k, a, a_step, b, b_step,
                                                                                       start, start_stride, c, c_stride)
                                        : void()),
     ...);
  }
  (std::make_index_sequence<static_cast<std::size_t>(kTileRows<Arch>)>{});
}

/// One panel of columns of a product: c[i,j] = start[i,j] + sum_p a[i,p] · b[p,j] for any number of rows, which are
/// spread evenly over tiles, so that none is left with one row alone.
template <class Arch, Side side>
void panel(Index rows, Index k, const float* a, Index a_step, const float* b, Index b_step, const float* start,
           Index start_stride, float* c, Index c_stride) {
  const Index a_row = side == Side::columns ? 1 : a_step;
  const Index count = (rows + kTileRows<Arch> - 1) / kTileRows<Arch>;
  if (!count) return;
  const Index few = rows / count, more = rows - few * count;
  if (more) tiles_of<Arch, side>(few + 1, more, k, a, a_step, b, b_step, start, start_stride, c, c_stride);
  const Index done = more * (few + 1);
  if (count > more)
    tiles_of<Arch, side>(few, count - more, k, a + done * a_row, a_step, b, b_step, start + done * start_stride,
                         start_stride, c + done * c_stride, c_stride);
}

/// The same for the first n columns of the panel, by way of a tile beside where these are not all: nothing is read or
/// written behind them. b holds whole rows of the panel's columns, side by side.
template <class Arch>
void panel_part(Index rows, Index n, Index k, const float* a, Index a_step, const float* b, const float* start,
                Index start_stride, float* c, Index c_stride) {
  constexpr Index columns = kTileColumns<Arch>;
  if (n == columns) return panel<Arch, Side::rows>(rows, k, a, a_step, b, columns, start, start_stride, c, c_stride);
  alignas(64) float whole[kTileRows<Arch> * columns];
  for (Index i = 0; i < rows; i += kTileRows<Arch>) {
    const Index height = rows - i < kTileRows<Arch> ? rows - i : kTileRows<Arch>;
    for (Index r = 0; r < height; ++r)
      for (Index j = 0; j < columns; ++j) whole[r * columns + j] = j < n ? start[(i + r) * start_stride + j] : 0;
    panel<Arch, Side::rows>(height, k, a + i * a_step, a_step, b, columns, whole, columns, whole, columns);
    for (Index r = 0; r < height; ++r)
      for (Index j = 0; j < n; ++j) c[(i + r) * c_stride + j] = whole[r * columns + j];
  }
}

/// Zeros for a tile to start from, with a stride of 0.
template <class Arch>
alignas(64) inline constexpr float kZeros[kTileColumns<Arch>] = {};

}  // namespace attn::kernels
