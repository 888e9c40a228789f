// What this engine could do at best on this machine: the yardstick of every share of peak. It runs in WebAssembly like
// what it measures, so that the engine's own limits are in it. Nothing is imported, so no glue is needed.

#include "../../../core/src/simd.hpp"

namespace {

using Arch = attn::simd::Arch;
using batch = attn::simd::batch<Arch>;

constexpr int kAccumulators = 12;  // two units × a latency of 4 or 5 keep 8–10 busy; engines on x64 have 15 registers to give
constexpr int kUnrolled = 8;       // a turn of the loop costs a cycle of its own, a tenth of the peak if not shared by several

// Far past the caches: STREAM asks for four times the last one, and 64 MB an array is that on all but servers.
constexpr int kElements = 16 << 20;

}  // namespace

alignas(64) float a[kElements], b[kElements], c[kElements];  // not static: the stores to a must stay

extern "C" {

/// x += factor·x on independent registers, with nothing loaded or stored. Each step depends on the one before and both
/// numbers come from outside, so that neither compiler can hoist or fold; with a factor of 1e-9 no number ever grows or
/// becomes denormal.
__attribute__((export_name("multiply_add"))) float multiply_add(int turns, float start, float factor) {
  batch x[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) x[i] = batch(start + static_cast<float>(i));
  const batch f(factor);
  for (int turn = 0; turn < turns; ++turn) {
    for (int step = 0; step < kUnrolled; ++step) {
      for (int i = 0; i < kAccumulators; ++i) x[i] = attn::simd::mul_add<Arch>(f, x[i], x[i]);
    }
  }
  for (int i = 1; i < kAccumulators; ++i) x[0] += x[i];
  return xsimd::reduce_add(x[0]);
}

__attribute__((export_name("operations"))) double operations(int turns) {
  return 2.0 * batch::size * kAccumulators * kUnrolled * turns;
}

/// Writes every page once: before that they are all the same page of zeros, which stays in the caches.
__attribute__((export_name("prepare"))) void prepare() {
  for (int i = 0; i < kElements; ++i) a[i] = 0, b[i] = 1, c[i] = 2;
}

/// STREAM's triad, a = b + s·c: two arrays read, one written.
__attribute__((export_name("triad"))) void triad(float s) {
  const batch factor(s);
  for (int i = 0; i < kElements; i += static_cast<int>(batch::size)) {
    attn::simd::store<Arch>(a + i, attn::simd::mul_add<Arch>(factor, attn::simd::load<Arch>(c + i), attn::simd::load<Arch>(b + i)));
  }
}

/// As STREAM counts, without the read that a write may cause.
__attribute__((export_name("triad_bytes"))) double triad_bytes() { return 3.0 * sizeof a; }
}
