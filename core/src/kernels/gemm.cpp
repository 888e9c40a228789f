#include "gemm.hpp"

#include "reduce.hpp"
#include "tile.hpp"
#include "transpose.hpp"

namespace attn::kernels {

namespace {

/// Depth of a block: a panel of it, and the rows of a that pass over it, stay near. Every block reads and writes c
/// anew.
constexpr Index kDepth = 512;
/// Rows that are packed together: few enough to be read along whole lines, many enough to be written so.
constexpr Index kPackRows = 16;
/// Rows so many floats apart, or a multiple, lie in the same few sets of the nearest cache; copied, they lie kPad
/// further.
constexpr Index kSets = 512, kPad = 16;

/// x [rows,columns] to out, row by row.
template <class Arch>
void copy_rows(Index rows, Index columns, const Matrix& x, float* out, Index out_stride) {
  if (x.row == 1) return transpose<Arch>(columns, rows, x.data, x.column, out, out_stride);
  for (Index i = 0; i < rows; ++i) {
    const float* const row = x.data + i * x.row;
    if (x.column == 1)
      simd::map<Arch>(columns, row, out + i * out_stride, [](simd::batch<Arch> v) { return v; });
    else
      for (Index j = 0; j < columns; ++j) out[i * out_stride + j] = row[j * x.column];
  }
}

}  // namespace

template <class Arch>
Index panel_columns() {
  return kTileColumns<Arch>;
}

template <class Arch>
Index panel_count(Index n) {
  return panels_of<Arch>(n);
}

template <class Arch>
std::int64_t packed_size(Index k, Index n) {
  return std::int64_t{panels_of<Arch>(n)} * kTileColumns<Arch> * k;
}

template <class Arch>
void pack(Index k, Index n, const Matrix& b, Index begin, Index end, float* out) {
  constexpr Index columns = kTileColumns<Arch>;
  for (Index p = 0; p < k; p += kPackRows) {
    const Index rows = k - p < kPackRows ? k - p : kPackRows;
    for (Index panel = begin; panel < end; ++panel) {
      float* const to = out + (panel * k + p) * columns;
      const Index width = n - panel * columns < columns ? n - panel * columns : columns;
      copy_rows<Arch>(rows, width, b.at(p, panel * columns), to, columns);
      for (Index r = 0; r < rows; ++r)
        for (Index j = width; j < columns; ++j) to[r * columns + j] = 0;
    }
  }
}

template <class Arch>
std::int64_t gemm_scratch(Index m, Index k) {
  return std::int64_t{m} * ((k < kDepth ? k : kDepth) + kPad);
}

template <class Arch>
void gemm(Index m, Index n, Index k, const Matrix& a, const float* b, const float* bias, float* c, Index c_stride,
          float* scratch) {
  constexpr Index columns = kTileColumns<Arch>;
  for (Index p = 0; p == 0 || p < k; p += kDepth) {
    const Index depth = k - p < kDepth ? k - p : kDepth;
    const bool direct = a.column == 1 && a.row % kSets != 0;
    const Index stride = direct ? a.row : depth + kPad;
    if (!direct) copy_rows<Arch>(m, depth, a.at(0, p), scratch, stride);
    for (Index j = 0; j < n; j += columns) {
      const bool first = p == 0;
      panel_part<Arch>(m, n - j < columns ? n - j : columns, depth, direct ? a.at(0, p).data : scratch, stride,
                       b + j * k + p * columns,
                       !first ? c + j
                       : bias ? bias + j
                              : kZeros<Arch>,
                       first ? 0 : c_stride, c + j, c_stride);
    }
  }
}

template <class Arch>
void gemv(Index n, Index k, const float* a, const Matrix& b, const float* bias, float* c) {
  using V = simd::batch<Arch>;
  if (b.row == 1) {
    for (Index j = 0; j < n; ++j) c[j] = (bias ? bias[j] : 0) + dot<Arch>(k, a, b.data + j * b.column);
    return;
  }
  for (Index j = 0; j < n; ++j) c[j] = bias ? bias[j] : 0;
  Index p = 0;
  for (; p + 4 <= k; p += 4) {  // four rows a pass, so that c is read and written a quarter as often
    const float* row = b.data + p * b.row;
    const V x0(a[p]), x1(a[p + 1]), x2(a[p + 2]), x3(a[p + 3]);
    Index j = 0;
    for (; j + simd::kLanes<Arch> <= n; j += simd::kLanes<Arch>) {
      V sum = simd::mul_add<Arch>(x0, simd::load<Arch>(row + j), simd::load<Arch>(c + j));
      sum = simd::mul_add<Arch>(x1, simd::load<Arch>(row + b.row + j), sum);
      sum = simd::mul_add<Arch>(x2, simd::load<Arch>(row + 2 * b.row + j), sum);
      simd::store<Arch>(c + j, simd::mul_add<Arch>(x3, simd::load<Arch>(row + 3 * b.row + j), sum));
    }
    // The tail by the same arithmetic, through padded registers.
    for (Index r = 0; r < 4; ++r) axpy<Arch>(n - j, a[p + r], row + r * b.row + j, c + j);
  }
  for (; p < k; ++p) axpy<Arch>(n, a[p], b.data + p * b.row, c);
}

template Index panel_columns<simd::Arch>();
template Index panel_count<simd::Arch>(Index);
template std::int64_t packed_size<simd::Arch>(Index, Index);
template std::int64_t gemm_scratch<simd::Arch>(Index, Index);
template void pack<simd::Arch>(Index, Index, const Matrix&, Index, Index, float*);
template void gemm<simd::Arch>(Index, Index, Index, const Matrix&, const float*, const float*, float*, Index, float*);
template void gemv<simd::Arch>(Index, Index, const float*, const Matrix&, const float*, float*);

}  // namespace attn::kernels
