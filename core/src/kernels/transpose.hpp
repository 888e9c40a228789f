#pragma once
// Turning a matrix, a square of registers at a time.

#include <type_traits>

#include "../simd.hpp"

namespace attn::kernels {

#if defined(__x86_64__)
/// xsimd turns 16×16 floats through memory; 8×8 in registers is four times as fast.
template <class Arch>
using Square = std::conditional_t<std::is_same_v<Arch, xsimd::avx512bw>, xsimd::fma3<xsimd::avx2>, Arch>;
#else
template <class Arch>
using Square = Arch;
#endif

/// out[j·out_stride + i] = x[i·x_stride + j] for i < rows, j < columns.
template <class Arch>
void transpose(Index rows, Index columns, const float* x, Index x_stride, float* out, Index out_stride) {
  constexpr Index lanes = simd::kLanes<Square<Arch>>;
  const Index whole_rows = rows / lanes * lanes, whole_columns = columns / lanes * lanes;
  for (Index i = 0; i < whole_rows; i += lanes)
    for (Index j = 0; j < whole_columns; j += lanes) {
      simd::batch<Square<Arch>> square[lanes];
      for (Index r = 0; r < lanes; ++r) square[r] = simd::load<Square<Arch>>(x + (i + r) * x_stride + j);
      xsimd::transpose(square, square + lanes);
      for (Index r = 0; r < lanes; ++r) simd::store<Square<Arch>>(out + (j + r) * out_stride + i, square[r]);
    }
  for (Index i = 0; i < rows; ++i)
    for (Index j = i < whole_rows ? whole_columns : 0; j < columns; ++j) out[j * out_stride + i] = x[i * x_stride + j];
}

}  // namespace attn::kernels
