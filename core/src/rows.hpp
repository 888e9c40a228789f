#pragma once
// The rows of a matrix, shared out over the threads.

#include "attn/shape.hpp"
#include "attn/thread_pool.hpp"
#include "pieces.hpp"
#include "simd.hpp"

namespace attn::detail {

/// f(Arch{}, row, n) for each row of x, n elements of its last dimension.
template <class F>
void for_rows(const In& x, F f) {
  const Index n = x.size(-1), rows = n == 0 ? 0 : x.numel() / n;
  parallel_for(rows, rows_per_piece(n), [&](Index begin, Index end) {
    simd::dispatch([&](auto arch) {
      for (Index row = begin; row < end; ++row) f(arch, row, n);
    });
  });
}

}  // namespace attn::detail
