#include "normalize.hpp"

#include <cmath>
#include <limits>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "exp.hpp"
#include "reduce.hpp"

namespace attn::kernels {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// True if max x rules the ordinary way out; out then holds the row for `nothing` (all -inf) or NaN.
template <class Arch>
bool special(Index n, float most, float nothing, float* out) {
  if (std::isfinite(most)) return false;
  fill<Arch>(n, most == -kInfinity ? nothing : kNan, out);
  return true;
}

/// out = exp(x - most)
template <class Arch>
void exponentials(Index n, const float* x, float most, float* out) {
  using V = simd::batch<Arch>;
  simd::map<Arch>(n, x, out, [exp = Exp<Arch>(), m = V(most)](V v) { return exp.nonpositive(v - m); });
}

}  // namespace

template <class Arch>
void softmax(Index n, const float* x, float* out) {
  if (n == 0) return;
  const float most = max<Arch>(n, x);
  if (special<Arch>(n, most, 0.0f, out)) return;
  exponentials<Arch>(n, x, most, out);
  scale<Arch>(n, out, static_cast<float>(1 / sum<Arch>(n, out)), out);
}

template <class Arch>
float log_sum_exp(Index n, const float* x) {
  if (n == 0) return -kInfinity;
  const float most = max<Arch>(n, x);
  if (!std::isfinite(most)) return most;
  double total = 0;  // in blocks, for want of a row to write to
  alignas(64) float block[256];
  for (Index begin = 0; begin < n; begin += 256) {
    const Index size = n - begin < 256 ? n - begin : 256;
    exponentials<Arch>(size, x + begin, most, block);
    total += sum<Arch>(size, block);
  }
  return most + static_cast<float>(std::log(total));
}

template <class Arch>
void log_softmax(Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  if (n == 0) return;
  const float most = max<Arch>(n, x);
  if (special<Arch>(n, most, -kInfinity, out)) return;
  exponentials<Arch>(n, x, most, out);
  const float log_sum = static_cast<float>(std::log(sum<Arch>(n, out)));
  simd::map<Arch>(n, x, out, [m = V(most), l = V(log_sum)](V v) { return v - m - l; });
}

template <class Arch>
void softmax_backward(Index n, const float* y, const float* dy, float* out) {
  using V = simd::batch<Arch>;
  simd::map<Arch>(n, y, dy, out, [mean = V(dot<Arch>(n, y, dy))](V w, V g) { return w * (g - mean); });
}

template <class Arch>
void log_softmax_backward(Index n, const float* y, const float* dy, float* out) {
  using V = simd::batch<Arch>;
  const V total(static_cast<float>(sum<Arch>(n, dy)));
  simd::map<Arch>(n, y, dy, out, [=, exp = Exp<Arch>()](V l, V g) { return g - exp(l) * total; });
}

template <class Arch>
void double_softmax(Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  if (n == 0) return;
  const float most = max<Arch>(n, x);
  if (special<Arch>(n, most, 0.0f, out)) return;
  exponentials<Arch>(n, x, most, out);
  // Weights lie in [0, 1], so the second softmax needs no maximum. A masked key keeps weight 0, not exp(0).
  const V factor(static_cast<float>(1 / sum<Arch>(n, out)));
  simd::map<Arch>(n, x, out, out, [=, exp = Exp<Arch>()](V v, V w) {
    return xsimd::select(v == V(-kInfinity), V(0.0f), exp(w * factor));
  });
  scale<Arch>(n, out, static_cast<float>(1 / sum<Arch>(n, out)), out);
}

template <class Arch>
bool sum_normalize(Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  if (n == 0) return true;
  if (max<Arch>(n, x) == -kInfinity) {
    fill<Arch>(n, 0.0f, out);
    return true;
  }
  const auto kept = [](V v) { return xsimd::select(v == V(-kInfinity), V(0.0f), v); };
  const double total = simd::sum<Arch, simd::kLanes<Arch>>(n, x, kept);
  const double magnitude = simd::sum<Arch>(n, x, [=](V v) { return xsimd::abs(kept(v)); });
  if (!std::isfinite(total)) {
    fill<Arch>(n, kNan, out);
    return true;
  }
  constexpr double epsilon = std::numeric_limits<float>::epsilon();
  if (std::abs(total) <= 4 * epsilon * magnitude) return false;
  // Divided, not multiplied by the reciprocal, which overflows where the scores are subnormal.
  simd::map<Arch>(n, x, out, [=, by = V(static_cast<float>(total))](V v) { return kept(v) / by; });
  return true;
}

template <class Arch>
void sparsemax(Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  if (n == 0) return;
  const float most = max<Arch>(n, x);
  if (special<Arch>(n, most, 0.0f, out)) return;
  // Measured from the maximum, so that large scores lose no digits. The threshold of the whole support is above -1.
  const V m(most), zero(0.0f);
  float threshold = -1;
  for (Index before = n + 1;;) {
    const V t(threshold);
    double total = 0, count = 0;
    for (Index begin = 0; begin < n; begin += 256) {
      alignas(64) float above[256], ones[256];
      const Index size = n - begin < 256 ? n - begin : 256;
      simd::map<Arch>(size, x + begin, above, [=](V v) { return xsimd::select(v - m > t, v - m, zero); });
      simd::map<Arch>(size, x + begin, ones, [=](V v) { return xsimd::select(v - m > t, V(1.0f), zero); });
      total += sum<Arch>(size, above);
      count += sum<Arch>(size, ones);
    }
    const auto support = static_cast<Index>(count);
    threshold = static_cast<float>((total - 1) / count);
    if (support >= before) break;
    before = support;
  }
  simd::map<Arch>(n, x, out, [=, t = V(threshold)](V v) { return xsimd::max(v - m - t, zero); });
}

template <class Arch>
float entropy(Index n, const float* w) {
  using V = simd::batch<Arch>;
  const V zero(0.0f);
  return static_cast<float>(
      -simd::sum<Arch>(n, w, [=](V p) { return xsimd::select(p == zero, zero, p * xsimd::log(p)); }));
}

template void softmax<simd::Arch>(Index, const float*, float*);
template void log_softmax<simd::Arch>(Index, const float*, float*);
template void softmax_backward<simd::Arch>(Index, const float*, const float*, float*);
template void log_softmax_backward<simd::Arch>(Index, const float*, const float*, float*);
template float log_sum_exp<simd::Arch>(Index, const float*);
template void double_softmax<simd::Arch>(Index, const float*, float*);
template bool sum_normalize<simd::Arch>(Index, const float*, float*);
template void sparsemax<simd::Arch>(Index, const float*, float*);
template float entropy<simd::Arch>(Index, const float*);

}  // namespace attn::kernels
