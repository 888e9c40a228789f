#pragma once
// The most that one core can do: multiply-adds on registers alone, in a loop for each instruction set.

#include <cstdint>
#include <xsimd/xsimd.hpp>

namespace bench {

/// Runs `rounds` of a loop of independent multiply-adds and returns how many floating-point operations these were.
/// It begins with *number, which should be about 1 (subnormal numbers would be slow), and leaves a result there, so
/// that the compiler has to compute it.
template <class Arch>
double multiply_adds(std::int64_t rounds, float* number);

#if defined(__x86_64__)
extern template double multiply_adds<xsimd::sse4_2>(std::int64_t, float*);
extern template double multiply_adds<xsimd::fma3<xsimd::avx2>>(std::int64_t, float*);
extern template double multiply_adds<xsimd::avx512bw>(std::int64_t, float*);
#else
extern template double multiply_adds<xsimd::default_arch>(std::int64_t, float*);
#endif

}  // namespace bench
