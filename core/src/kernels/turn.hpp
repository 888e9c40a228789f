#pragma once
// Queries along the lanes: the form in which both passes of fused attention read them.

#include "tile.hpp"
#include "transpose.hpp"

namespace attn::kernels {

/// x [n,features], times factor, in panels of the tile's columns [panels][features][columns], with queries along
/// the lanes and zeros behind them.
template <class Arch>
void turn(Index n, Index features, const float* x, float factor, float* out) {
  constexpr Index columns = kTileColumns<Arch>;
  for (Index t = 0; t < n; t += columns, out += features * columns) {
    for (Index i = 0; i < features * columns; ++i) out[i] = 0;
    transpose<Arch>(n - t < columns ? n - t : columns, features, x + t * features, features, out, columns);
    for (Index i = 0; i < features * columns; ++i) out[i] *= factor;
  }
}

}  // namespace attn::kernels
