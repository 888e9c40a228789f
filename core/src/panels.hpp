#pragma once
// How kernels::pack lays a right operand b [k,n] out under the instruction set in use.

#include "kernels/gemm.hpp"
#include "simd.hpp"

namespace attn::detail {

struct Panels {
  Index width = 0, count = 0;
  std::int64_t floats = 0;

  Panels(Index k, Index n) {
    simd::dispatch([&]<class Arch>(Arch) {
      width = kernels::panel_columns<Arch>();
      count = kernels::panel_count<Arch>(n);
      floats = kernels::packed_size<Arch>(k, n);
    });
  }
};

}  // namespace attn::detail
