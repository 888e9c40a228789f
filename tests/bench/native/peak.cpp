// Compiled once for each instruction set, with its flags and ATTN_BENCH_ARCH. Nothing here but the loop: whatever else
// were in this file would be compiled with instructions that the processor may not have.

#include "peak.hpp"

namespace bench {

template <class Arch>
double multiply_adds(std::int64_t rounds, float* number) {
  using batch = xsimd::batch<float, Arch>;
  // Two ports of latency 4 keep 8 in flight, separate multiplications and additions (4 + 4 cycles, one port each) 8 as
  // well; 12 leave a margin and, with the two constants, fit the 16 registers that the oldest set has.
  const batch a(0.5f), b(*number);
  // They start apart, or a compiler would see that all are one and compute a single chain.
  batch x0(b), x1(b + 1.0f), x2(b + 2.0f), x3(b + 3.0f), x4(b + 4.0f), x5(b + 5.0f);
  batch x6(b + 6.0f), x7(b + 7.0f), x8(b + 8.0f), x9(b + 9.0f), x10(b + 10.0f), x11(b + 11.0f);
  for (std::int64_t i = 0; i < rounds; ++i) {
    x0 = xsimd::fma(x0, a, b), x1 = xsimd::fma(x1, a, b), x2 = xsimd::fma(x2, a, b), x3 = xsimd::fma(x3, a, b);
    x4 = xsimd::fma(x4, a, b), x5 = xsimd::fma(x5, a, b), x6 = xsimd::fma(x6, a, b), x7 = xsimd::fma(x7, a, b);
    x8 = xsimd::fma(x8, a, b), x9 = xsimd::fma(x9, a, b), x10 = xsimd::fma(x10, a, b), x11 = xsimd::fma(x11, a, b);
  }
  float lanes[batch::size];
  (((x0 + x1) + (x2 + x3)) + ((x4 + x5) + (x6 + x7)) + ((x8 + x9) + (x10 + x11))).store_unaligned(lanes);
  *number = lanes[0];
  return 2.0 * 12 * static_cast<double>(batch::size) * static_cast<double>(rounds);
}

template double multiply_adds<ATTN_BENCH_ARCH>(std::int64_t, float*);

}  // namespace bench
