#include "normalize.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "reduce.hpp"

namespace attn::kernels {

namespace {

using simd::batch;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// True if max x rules the ordinary way out; out then holds the row for `nothing` (all -inf) or NaN.
bool special(Index n, float most, float nothing, float* out) {
  if (std::isfinite(most)) return false;
  std::fill_n(out, n, most == -kInfinity ? nothing : kNan);
  return true;
}

}  // namespace

void softmax(Index n, const float* x, float* out) {
  if (n == 0) return;
  const float most = max(n, x);
  if (special(n, most, 0.0f, out)) return;
  simd::map(n, x, out, [m = batch(most)](batch v) { return xsimd::exp(v - m); });
  scale(n, out, static_cast<float>(1 / sum(n, out)), out);
}

void log_softmax(Index n, const float* x, float* out) {
  if (n == 0) return;
  const float most = max(n, x);
  if (special(n, most, -kInfinity, out)) return;
  simd::map(n, x, out, [m = batch(most)](batch v) { return xsimd::exp(v - m); });
  const float log_sum = static_cast<float>(std::log(sum(n, out)));
  simd::map(n, x, out, [m = batch(most), l = batch(log_sum)](batch v) { return v - m - l; });
}

void double_softmax(Index n, const float* x, float* out) {
  if (n == 0) return;
  const float most = max(n, x);
  if (special(n, most, 0.0f, out)) return;
  simd::map(n, x, out, [m = batch(most)](batch v) { return xsimd::exp(v - m); });
  // Weights lie in [0, 1], so the second softmax needs no maximum. A masked key keeps weight 0, not exp(0).
  const batch factor(static_cast<float>(1 / sum(n, out)));
  simd::map(n, x, out, out, [=](batch v, batch w) {
    return xsimd::select(v == batch(-kInfinity), batch(0.0f), xsimd::exp(w * factor));
  });
  scale(n, out, static_cast<float>(1 / sum(n, out)), out);
}

bool sum_normalize(Index n, const float* x, float* out) {
  if (n == 0) return true;
  if (max(n, x) == -kInfinity) {
    std::fill_n(out, n, 0.0f);
    return true;
  }
  const auto kept = [](batch v) { return xsimd::select(v == batch(-kInfinity), batch(0.0f), v); };
  const double total = simd::sum<simd::kLanes>(n, x, kept);
  const double magnitude = simd::sum(n, x, [=](batch v) { return xsimd::abs(kept(v)); });
  if (!std::isfinite(total)) {
    std::fill_n(out, n, kNan);
    return true;
  }
  constexpr double epsilon = std::numeric_limits<float>::epsilon();
  if (std::abs(total) <= 4 * epsilon * magnitude) return false;
  // Divided, not multiplied by the reciprocal, which overflows where the scores are subnormal.
  simd::map(n, x, out, [=, by = batch(static_cast<float>(total))](batch v) { return kept(v) / by; });
  return true;
}

void sparsemax(Index n, const float* x, float* out, float* scratch) {
  if (n == 0) return;
  const float most = max(n, x);
  if (special(n, most, 0.0f, out)) return;
  std::copy_n(x, n, scratch);
  std::sort(scratch, scratch + n, std::greater<>());
  // The support is the longest prefix of the sorted scores with 1 + k z_k > sum of the first k; measured from the
  // maximum, so that large scores lose no digits.
  double total = 0, threshold = 0;
  for (Index k = 1; k <= n; ++k) {
    const double z = static_cast<double>(scratch[k - 1]) - static_cast<double>(most);
    if (1 + static_cast<double>(k) * z <= total + z) break;
    total += z;
    threshold = (total - 1) / static_cast<double>(k);
  }
  simd::map(n, x, out, [m = batch(most), t = batch(static_cast<float>(threshold))](batch v) {
    return xsimd::max(v - m - t, batch(0.0f));
  });
}

float entropy(Index n, const float* w) {
  const batch zero(0.0f);
  return static_cast<float>(
      -simd::sum(n, w, [=](batch p) { return xsimd::select(p == zero, zero, p * xsimd::log(p)); }));
}

}  // namespace attn::kernels
