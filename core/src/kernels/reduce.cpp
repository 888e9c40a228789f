#include "reduce.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../simd.hpp"

namespace attn::kernels {

using simd::batch;
using simd::kLanes;

double sum(Index n, const float* x) {
  return simd::sum(n, x, [](batch v) { return v; });
}

float max(Index n, const float* x) {
  batch most(-std::numeric_limits<float>::infinity());
  auto nan = most != most;  // x86's max drops a NaN, so it is looked for beside
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const batch v = simd::load(x + i);
    nan = nan || (v != v);
    most = xsimd::max(most, v);
  }
  if (xsimd::any(nan)) return std::numeric_limits<float>::quiet_NaN();
  float result = xsimd::reduce_max(most);
  for (; i < n; ++i) {
    if (std::isnan(x[i])) return x[i];
    result = std::max(result, x[i]);
  }
  return result;
}

float dot(Index n, const float* a, const float* b) {
  // Two accumulators hide part of the add's latency.
  batch even(0.0f), odd(0.0f);
  Index i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    even = simd::mul_add(simd::load(a + i), simd::load(b + i), even);
    odd = simd::mul_add(simd::load(a + i + kLanes), simd::load(b + i + kLanes), odd);
  }
  if (i + kLanes <= n) {
    even = simd::mul_add(simd::load(a + i), simd::load(b + i), even);
    i += kLanes;
  }
  float total = xsimd::reduce_add(even + odd);
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

void axpy(Index n, float factor, const float* x, float* out) {
  simd::map(n, x, out, out, [f = batch(factor)](batch v, batch sum) { return simd::mul_add(f, v, sum); });
}

}  // namespace attn::kernels
