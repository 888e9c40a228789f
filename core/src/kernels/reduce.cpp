#include "reduce.hpp"

#include <limits>

#include "../simd.hpp"

namespace attn::kernels {

template <class Arch>
double sum(Index n, const float* x) {
  return simd::sum<Arch>(n, x, [](simd::batch<Arch> v) { return v; });
}

template <class Arch>
float max(Index n, const float* x) {
  using V = simd::batch<Arch>;
  V most(-std::numeric_limits<float>::infinity());
  auto nan = most != most;  // x86's max drops a NaN, so it is looked for beside
  Index i = 0;
  for (; i + simd::kLanes<Arch> <= n; i += simd::kLanes<Arch>) {
    const V v = simd::load<Arch>(x + i);
    nan = nan || (v != v);
    most = xsimd::max(most, v);
  }
  if (xsimd::any(nan)) return std::numeric_limits<float>::quiet_NaN();
  float result = xsimd::reduce_max(most);
  for (; i < n; ++i) {
    if (x[i] != x[i]) return x[i];
    result = x[i] > result ? x[i] : result;
  }
  return result;
}

namespace {

/// The most columns of column_sums and column_max, and the rows between two carries into double.
constexpr Index kColumns = 64, kRows = 256;

}  // namespace

template <class Arch>
void column_sums(Index n, Index columns, const float* x, Index stride, double factor, float* out) {
  using V = simd::batch<Arch>;
  double totals[kColumns] = {};
  for (Index begin = 0; begin < n; begin += kRows) {
    alignas(64) float block[kColumns] = {};
    const Index end = n < begin + kRows ? n : begin + kRows;
    for (Index i = begin; i < end; ++i)
      simd::map<Arch>(columns, block, x + i * stride, block, [](V sum, V v) { return sum + v; });
    for (Index j = 0; j < columns; ++j) totals[j] += static_cast<double>(block[j]);
  }
  for (Index j = 0; j < columns; ++j) out[j] = static_cast<float>(totals[j] * factor);
}

template <class Arch>
void column_max(Index n, Index columns, const float* x, Index stride, float* out) {
  using V = simd::batch<Arch>;
  alignas(64) float most[kColumns];
  for (Index j = 0; j < columns; ++j) most[j] = x[j];
  for (Index i = 1; i < n; ++i)
    simd::map<Arch>(columns, most, x + i * stride, most,
                    [](V m, V v) { return xsimd::select((m != m) || (v <= m), m, v); });  // a NaN stays
  for (Index j = 0; j < columns; ++j) out[j] = most[j];
}

template <class Arch>
float dot(Index n, const float* a, const float* b) {
  using V = simd::batch<Arch>;
  constexpr Index lanes = simd::kLanes<Arch>;
  // Four accumulators hide the latency of the multiply-add.
  V sums[4] = {V(0.0f), V(0.0f), V(0.0f), V(0.0f)};
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes)
    for (Index u = 0; u < 4; ++u)
      sums[u] = simd::mul_add<Arch>(simd::load<Arch>(a + i + u * lanes), simd::load<Arch>(b + i + u * lanes), sums[u]);
  for (; i + lanes <= n; i += lanes)
    sums[0] = simd::mul_add<Arch>(simd::load<Arch>(a + i), simd::load<Arch>(b + i), sums[0]);
  float total = xsimd::reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

template <class Arch>
void axpy(Index n, float factor, const float* x, float* out) {
  using V = simd::batch<Arch>;
  simd::map<Arch>(n, x, out, out, [f = V(factor)](V v, V sum) { return simd::mul_add<Arch>(f, v, sum); });
}

template double sum<simd::Arch>(Index, const float*);
template float max<simd::Arch>(Index, const float*);
template void column_sums<simd::Arch>(Index, Index, const float*, Index, double, float*);
template void column_max<simd::Arch>(Index, Index, const float*, Index, float*);
template float dot<simd::Arch>(Index, const float*, const float*);
template void axpy<simd::Arch>(Index, float, const float*, float*);

}  // namespace attn::kernels
