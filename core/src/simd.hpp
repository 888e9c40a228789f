#pragma once
// The one file that includes xsimd. Kernels are written on `batch` and compiled once for each instruction set.

#include <algorithm>
#include <xsimd/xsimd.hpp>
#if defined(__wasm_relaxed_simd__)
#include <wasm_simd128.h>
#endif

#include "attn/shape.hpp"

namespace attn::simd {

using batch = xsimd::batch<float>;
inline constexpr Index kLanes = static_cast<Index>(batch::size);

inline batch load(const float* p) { return batch::load_unaligned(p); }
inline void store(float* p, batch x) { x.store_unaligned(p); }

/// a·b + c. xsimd's WebAssembly arch has no fused form, so the relaxed one is supplied here.
inline batch mul_add(batch a, batch b, batch c) {
#if defined(__wasm_relaxed_simd__)
  return wasm_f32x4_relaxed_madd(a, b, c);
#else
  return xsimd::fma(a, b, c);
#endif
}

/// Applies f to x[0..n) and stores to out; the tail goes through a padded batch, so that each element sees the same
/// arithmetic wherever it stands. F takes and returns batches.
template <class F>
void map(Index n, const float* x, float* out, F f) {
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, f(load(x + i)));
  if (i == n) return;
  alignas(64) float tail[kLanes] = {};
  for (Index j = i; j < n; ++j) tail[j - i] = x[j];
  store(tail, f(load(tail)));
  for (Index j = i; j < n; ++j) out[j] = tail[j - i];
}

/// The same for two inputs.
template <class F>
void map(Index n, const float* a, const float* b, float* out, F f) {
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, f(load(a + i), load(b + i)));
  if (i == n) return;
  alignas(64) float ta[kLanes] = {}, tb[kLanes] = {};
  for (Index j = i; j < n; ++j) ta[j - i] = a[j], tb[j - i] = b[j];
  store(ta, f(load(ta), load(tb)));
  for (Index j = i; j < n; ++j) out[j] = ta[j - i];
}

/// sum f(x[i]); f(0) must be 0, which fills up the tail. Carried in double from one block to the next, so that
/// the error does not grow with n.
template <Index kBlock = 1024, class F>
double sum(Index n, const float* x, F f) {
  double total = 0;
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = std::min(n, begin + kBlock);
    batch partial(0.0f);
    Index i = begin;
    for (; i + kLanes <= end; i += kLanes) partial += f(load(x + i));
    if (i < end) {
      alignas(64) float tail[kLanes] = {};
      std::copy(x + i, x + end, tail);
      partial += f(load(tail));
    }
    total += static_cast<double>(xsimd::reduce_add(partial));
  }
  return total;
}

}  // namespace attn::simd
