// ops: one step of gated recurrent units, forward and backward.
#include "kernels/gru.hpp"

#include "attn/ops.hpp"
#include "attn/thread_pool.hpp"
#include "pieces.hpp"
#include "simd.hpp"

namespace attn::ops {

namespace {

/// f(Arch{}, row) for each row of h [B,H], whose gates are three times as long.
template <class F>
void for_cells(const In& h, F f) {
  parallel_for(h.size(0), detail::rows_per_piece(3 * h.size(1)), [&](Index begin, Index end) {
    simd::dispatch([&](auto arch) {
      for (Index row = begin; row < end; ++row) f(arch, row);
    });
  });
}

}  // namespace

void gru_cell(const In& gates_x, const In& gates_h, const In& h, const Out& out) {
  const Index n = h.size(1);
  for_cells(h, [&]<class Arch>(Arch, Index row) {
    kernels::gru_cell<Arch>(n, gates_x.data + row * 3 * n, gates_h.data + row * 3 * n, h.data + row * n,
                            out.data + row * n);
  });
}

void gru_cell_backward(const In& gates_x, const In& gates_h, const In& h, const In& gradient, const Out& to_x,
                       const Out& to_gates_h, const Out& to_h) {
  const Index n = h.size(1);
  for_cells(h, [&]<class Arch>(Arch, Index row) {
    const Index gates = row * 3 * n, at = row * n;
    kernels::gru_cell_backward<Arch>(n, gates_x.data + gates, gates_h.data + gates, h.data + at, gradient.data + at,
                                     to_x.data + gates, to_gates_h.data + gates, to_h.data + at);
  });
}

}  // namespace attn::ops
