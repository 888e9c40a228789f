#pragma once
// Attention of one query over a piece of its keys, for a few queries and many keys: bound by the reading of K and V,
// which the pieces share out among threads.

#include "flash.hpp"

namespace attn::kernels {

/// What one piece of the keys gives: out[Dv] = sum exp(score - most)·v, total = sum exp(score - most).
struct Partial {
  float most, total;
  float* out;
};

template <class Arch>
void decode(const Head& head, const Keys& keys, Partial& partial);

/// The pieces of one query made one: out[Dv], and its log-sum-exp. A query without keys gives zeros and -inf.
template <class Arch>
float merge(Index dv, Index pieces, const Partial* partials, float* out);

}  // namespace attn::kernels
