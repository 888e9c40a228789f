#pragma once
// Fused attention of a block of queries: softmax(q·kᵀ + mask)·v in one pass over the keys (Dao et al. 2022,
// arXiv:2205.14135, algorithm 1). Queries lie along the lanes: the scores of a tile are K·Qᵀ and the output is Vᵀ·P, so
// that maximum and sum run down the keys without a horizontal step, and neither K nor V is turned.

#include "mask.hpp"

namespace attn::kernels {

/// Queries [T,D], keys [S,D] and values [S,Dv] of one head, contiguous.
struct Head {
  Index d, dv;
  const float *q, *k, *v;
  float scale;
};

/// Floats of scratch that flash_block needs for a block of so many queries.
template <class Arch>
std::int64_t flash_scratch(Index queries, Index d, Index dv);

/// out[t,:] = sum_s softmax_s(scale·q[t]·k[s] + additive[s]) v[s,:] and lse[t] = log sum_s exp(…), for queries
/// [0, queries) with keys[t] each. lse may be null. A query without keys gives zeros and -inf.
template <class Arch>
void flash_block(Index queries, const Head& head, const Keys* keys, float* out, float* lse, float* scratch);

}  // namespace attn::kernels
