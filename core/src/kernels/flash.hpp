#pragma once
// Fused attention of one query: softmax(q·kᵀ + mask)·v in one pass over the keys, with nothing kept but the running
// maximum, the running sum and the output (Dao et al. 2022, arXiv:2205.14135, algorithm 1).

#include "attn/shape.hpp"

namespace attn::kernels {

/// Keys of one query: [begin, end), and what is added to their scores; a -inf there masks. additive may be null.
struct Keys {
  Index begin, end;
  const float* additive;
  Index additive_step;
};

/// out[Dv] = sum_s softmax_s(scale·q·k[s] + additive[s]) v[s]; q [D], k [S,D], v [S,Dv]; rows `stride` floats apart.
void flash_row(Index d, Index dv, const float* q, const float* k, Index k_stride, const float* v, Index v_stride,
               float scale, const Keys& keys, float* out);

}  // namespace attn::kernels
