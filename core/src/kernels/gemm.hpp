#pragma once
// Matrix products of float32, accumulated in float32 in the order of k whatever the layouts and however they are
// cut into pieces, so that equal rows and columns give equal bits; gemv, for few rows, has an order of its own. The
// right operand is packed into panels of the register tile's columns (Goto & van de Geijn 2008,
// doi:10.1145/1356052.1356053).

#include <cstdint>

#include "attn/shape.hpp"

namespace attn::kernels {

/// Element (i, j) stands at data[i · row + j · column].
struct Matrix {
  const float* data;
  Index row, column;

  Matrix at(Index i, Index j) const { return {data + i * row + j * column, row, column}; }
};

/// Columns of a panel.
template <class Arch>
Index panel_columns();
/// Panels of b [k,n], and their floats.
template <class Arch>
Index panel_count(Index n);
template <class Arch>
std::int64_t packed_size(Index k, Index n);

/// Panels [begin, end) of b [k,n] into out [panels, k, columns]; the last panel is filled up with zeros.
template <class Arch>
void pack(Index k, Index n, const Matrix& b, Index begin, Index end, float* out);

/// Floats of scratch that gemm needs for so many rows.
template <class Arch>
std::int64_t gemm_scratch(Index m, Index k);

/// c[m,n] = bias[n] + sum_k a[m,k] · b[k,n]; b packed, bias may be null.
template <class Arch>
void gemm(Index m, Index n, Index k, const Matrix& a, const float* b, const float* bias, float* c, Index c_stride,
          float* scratch);

/// The same for rows so few that packing b would cost more than it saves; one side of b contiguous. Where b.row is 1
/// the sums are dot products, whose order differs.
template <class Arch>
void gemv(Index n, Index k, const float* a, const Matrix& b, const float* bias, float* c);

}  // namespace attn::kernels
