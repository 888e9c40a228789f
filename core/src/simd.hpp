#pragma once
// The one file that includes xsimd. A kernel is a template over the instruction set; its source is compiled once for
// each, with that set's flags, and instantiated for simd::Arch. Callers reach the best one through simd::dispatch.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <xsimd/xsimd.hpp>
#if defined(__wasm_relaxed_simd__)
#include <wasm_simd128.h>
#endif

#include "attn/shape.hpp"

namespace attn::simd {

/// The instruction sets that this build holds, best first; for x86 CMake names them. One binary of WebAssembly has one,
/// since engines reject a module whole, and so has ARM, whose every 64-bit processor has NEON.
#if defined(ATTN_ARCHS)
using Archs = xsimd::arch_list<ATTN_ARCHS>;
#else
using Archs = xsimd::arch_list<xsimd::best_arch>;
#endif

/// The one that this source is compiled for.
using Arch = xsimd::best_arch;

template <class Arch>
using batch = xsimd::batch<float, Arch>;
template <class Arch>
inline constexpr Index kLanes = static_cast<Index>(batch<Arch>::size);

/// Position in Archs of the set in use; see attn/instruction_set.hpp.
int chosen();

/// f(Arch{}) with the set in use. xsimd's own dispatch asks the processor at every call and cannot be told to take
/// another set, as tests and benchmarks do.
template <class F>
void dispatch(F f) {
  const int wanted = chosen();
  [&]<class... A>(xsimd::arch_list<A...>) {
    int at = 0;
    ((at++ == wanted ? f(A{}) : void()), ...);
  }(Archs{});
}

template <class Arch>
batch<Arch> load(const float* p) {
  return batch<Arch>::load_unaligned(p);
}
template <class Arch>
void store(float* p, batch<Arch> x) {
  x.store_unaligned(p);
}

/// A constant for a loop. V8 builds a vector literal anew, in several instructions, wherever it is used; one that the
/// compiler cannot see through is built once and stays in a register or on the stack.
template <class Arch>
batch<Arch> constant(float x) {
#if defined(__wasm__)
  asm("" : "+r"(x));
#endif
  return batch<Arch>(x);
}

/// a·b + c. xsimd's WebAssembly arch has no fused form, so the relaxed one is supplied here.
template <class Arch>
batch<Arch> mul_add(batch<Arch> a, batch<Arch> b, batch<Arch> c) {
#if defined(__wasm_relaxed_simd__)
  return batch<Arch>(wasm_f32x4_relaxed_madd(a, b, c));
#else
  return xsimd::fma(a, b, c);
#endif
}

/// x, or low where x < low; NaN stays. One instruction, where a comparison and a selection are three in WebAssembly.
template <class Arch>
batch<Arch> at_least(batch<Arch> x, batch<Arch> low) {
#if defined(__wasm__)
  return xsimd::max(x, low);  // pmax: the first of two that do not compare
#else
  return xsimd::max(low, x);  // maxps: the second of two that do not compare
#endif
}

/// x, or high where x > high; NaN stays.
template <class Arch>
batch<Arch> at_most(batch<Arch> x, batch<Arch> high) {
#if defined(__wasm__)
  return xsimd::min(x, high);
#else
  return xsimd::min(high, x);
#endif
}

/// Applies f to x[0..n) and stores to out; the tail goes through a padded batch, so that each element sees the same
/// arithmetic wherever it stands. F takes and returns batches.
template <class Arch, class F>
void map(Index n, const float* x, float* out, F f) {
  constexpr Index lanes = kLanes<Arch>;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store<Arch>(out + i, f(load<Arch>(x + i)));
  if (i == n) return;
  alignas(64) float tail[lanes] = {};
  for (Index j = i; j < n; ++j) tail[j - i] = x[j];
  store<Arch>(tail, f(load<Arch>(tail)));
  for (Index j = i; j < n; ++j) out[j] = tail[j - i];
}

/// The same for two inputs.
template <class Arch, class F>
void map(Index n, const float* a, const float* b, float* out, F f) {
  constexpr Index lanes = kLanes<Arch>;
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store<Arch>(out + i, f(load<Arch>(a + i), load<Arch>(b + i)));
  if (i == n) return;
  alignas(64) float ta[lanes] = {}, tb[lanes] = {};
  for (Index j = i; j < n; ++j) ta[j - i] = a[j], tb[j - i] = b[j];
  store<Arch>(ta, f(load<Arch>(ta), load<Arch>(tb)));
  for (Index j = i; j < n; ++j) out[j] = ta[j - i];
}

/// body(load, store) at every register of n elements; the tail goes through padded ones, so that each element sees the
/// same arithmetic wherever it stands. load(x) gives x's register, store(x, value) writes it.
template <class Arch, class Body>
void each(Index n, Body body) {
  using V = batch<Arch>;
  constexpr Index lanes = kLanes<Arch>;
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    body([i](const float* x) { return load<Arch>(x + i); },
         [i](float* x, V value) { store<Arch>(x + i, value); });
  if (i == n) return;
  const Index rest = n - i;
  body(
      [=](const float* x) {
        alignas(64) float tail[lanes] = {};
        for (Index j = 0; j < rest; ++j) tail[j] = x[i + j];
        return load<Arch>(tail);
      },
      [=](float* x, V value) {
        alignas(64) float tail[lanes];
        store<Arch>(tail, value);
        for (Index j = 0; j < rest; ++j) x[i + j] = tail[j];
      });
}

/// sum f(x[i]); f(0) must be 0, which fills up the tail. Carried in double from one block to the next, so that
/// the error does not grow with n.
template <class Arch, Index kBlock = 1024, class F>
double sum(Index n, const float* x, F f) {
  constexpr Index lanes = kLanes<Arch>;
  double total = 0;
  for (Index begin = 0; begin < n; begin += kBlock) {
    const Index end = kBlock < n - begin ? begin + kBlock : n;
    batch<Arch> partial(0.0f);
    Index i = begin;
    for (; i + lanes <= end; i += lanes) partial += f(load<Arch>(x + i));
    if (i < end) {
      alignas(64) float tail[lanes] = {};
      for (Index j = i; j < end; ++j) tail[j - i] = x[j];
      partial += f(load<Arch>(tail));
    }
    total += static_cast<double>(xsimd::reduce_add(partial));
  }
  return total;
}

}  // namespace attn::simd
