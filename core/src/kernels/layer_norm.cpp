#include "layer_norm.hpp"

#include <cmath>

#include "../simd.hpp"
#include "elementwise.hpp"
#include "reduce.hpp"

namespace attn::kernels {

namespace {

/// out = out · weight + bias, where they are given.
template <class Arch>
void affine(Index n, const float* weight, const float* bias, float* out) {
  if (weight) binary<Arch>(ops::Binary::mul, n, out, 1, weight, 1, out);
  if (bias) binary<Arch>(ops::Binary::add, n, out, 1, bias, 1, out);
}

}  // namespace

template <class Arch>
void layer_norm(Index n, const float* x, const float* weight, const float* bias, double eps, float* out) {
  using V = simd::batch<Arch>;
  const double mean = sum<Arch>(n, x) / static_cast<double>(n);
  // In two passes: E[x²] - E[x]² cancels where the mean is large. The centred row stays in out.
  simd::map<Arch>(n, x, out, [m = V(static_cast<float>(mean))](V v) { return v - m; });
  // What rounding the mean to float32 left in every element.
  const double rest = sum<Arch>(n, out) / static_cast<double>(n);
  const double square = simd::sum<Arch>(n, out, [](V v) { return v * v; }) / static_cast<double>(n);
  const double variance = square - rest * rest;  // below 0 by rounding alone
  const V shift(static_cast<float>(rest));
  const V factor(static_cast<float>(1 / std::sqrt((variance < 0 ? 0 : variance) + eps)));
  simd::map<Arch>(n, out, out, [=](V v) { return (v - shift) * factor; });
  affine<Arch>(n, weight, bias, out);
}

template <class Arch>
void rms_norm(Index n, const float* x, const float* weight, double eps, float* out) {
  using V = simd::batch<Arch>;
  const double square = simd::sum<Arch>(n, x, [](V v) { return v * v; }) / static_cast<double>(n);
  scale<Arch>(n, x, static_cast<float>(1 / std::sqrt(square + eps)), out);
  affine<Arch>(n, weight, nullptr, out);
}

template void layer_norm<simd::Arch>(Index, const float*, const float*, const float*, double, float*);
template void rms_norm<simd::Arch>(Index, const float*, const float*, double, float*);

}  // namespace attn::kernels
