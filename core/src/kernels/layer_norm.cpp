#include "layer_norm.hpp"

#include <cmath>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "reduce.hpp"

namespace attn::kernels {

namespace {

/// out = (x - mean x) / sqrt(var x + eps), or x / sqrt(mean x² + eps); returns what it was multiplied by.
template <class Arch>
float standardize(Norm kind, Index n, const float* x, double eps, float* out) {
  using V = simd::batch<Arch>;
  const auto square = [](V v) { return v * v; };
  if (kind == Norm::rms) {
    const double mean = simd::sum<Arch>(n, x, square) / static_cast<double>(n);
    const auto factor = static_cast<float>(1 / std::sqrt(mean + eps));
    scale<Arch>(n, x, factor, out);
    return factor;
  }
  const double mean = sum<Arch>(n, x) / static_cast<double>(n);
  // In two passes: E[x²] - E[x]² cancels where the mean is large. The centred row stays in out.
  simd::map<Arch>(n, x, out, [m = V(static_cast<float>(mean))](V v) { return v - m; });
  // What rounding the mean to float32 left in every element.
  const double rest = sum<Arch>(n, out) / static_cast<double>(n);
  const double variance = simd::sum<Arch>(n, out, square) / static_cast<double>(n) - rest * rest;
  const auto factor =
      static_cast<float>(1 / std::sqrt((variance < 0 ? 0 : variance) + eps));  // below 0 by rounding alone
  simd::map<Arch>(n, out, out, [shift = V(static_cast<float>(rest)), by = V(factor)](V v) { return (v - shift) * by; });
  return factor;
}

}  // namespace

template <class Arch>
void normalize(Norm kind, Index n, const float* x, const float* weight, const float* bias, double eps, float* out) {
  standardize<Arch>(kind, n, x, eps, out);
  if (weight) binary<Arch>(ops::Binary::mul, n, out, 1, weight, 1, out);
  if (bias) binary<Arch>(ops::Binary::add, n, out, 1, bias, 1, out);
}

template <class Arch>
void normalize_backward(Norm kind, Index n, const float* x, const float* weight, double eps, const float* g, float* out,
                        float* to_weight, float* to_bias) {
  using V = simd::batch<Arch>;
  const float factor = standardize<Arch>(kind, n, x, eps, out);
  // With h = g · weight and the standardised row y: factor · (h - mean h - y · mean h·y); rms has no mean to
  // differentiate.
  double sum_h = 0, sum_hy = 0;
  alignas(64) float h[256], product[256];
  for (Index begin = 0; begin < n; begin += 256) {
    const Index size = n - begin < 256 ? n - begin : 256;
    if (weight)
      binary<Arch>(ops::Binary::mul, size, g + begin, 1, weight + begin, 1, h);
    else
      scale<Arch>(size, g + begin, 1, h);
    binary<Arch>(ops::Binary::mul, size, h, 1, out + begin, 1, product);
    if (kind == Norm::layer) sum_h += sum<Arch>(size, h);
    sum_hy += sum<Arch>(size, product);
    binary<Arch>(ops::Binary::mul, size, g + begin, 1, out + begin, 1, product);
    binary<Arch>(ops::Binary::add, size, to_weight + begin, 1, product, 1, to_weight + begin);
    if (to_bias) binary<Arch>(ops::Binary::add, size, to_bias + begin, 1, g + begin, 1, to_bias + begin);
  }
  const V by(factor), mean_h(static_cast<float>(sum_h / static_cast<double>(n))),
      mean_hy(static_cast<float>(sum_hy / static_cast<double>(n)));
  for (Index begin = 0; begin < n; begin += 256) {
    const Index size = n - begin < 256 ? n - begin : 256;
    if (weight)
      binary<Arch>(ops::Binary::mul, size, g + begin, 1, weight + begin, 1, h);
    else
      scale<Arch>(size, g + begin, 1, h);
    simd::map<Arch>(size, h, out + begin, out + begin, [=](V a, V y) { return by * (a - mean_h - y * mean_hy); });
  }
}

template void normalize<simd::Arch>(Norm, Index, const float*, const float*, const float*, double, float*);
template void normalize_backward<simd::Arch>(Norm, Index, const float*, const float*, double, const float*, float*,
                                             float*, float*);

}  // namespace attn::kernels
