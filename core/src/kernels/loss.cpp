#include "loss.hpp"

#include <cmath>

#include "../simd.hpp"
#include "exp.hpp"
#include "normalize.hpp"
#include "reduce.hpp"

namespace attn::kernels {

template <class Arch>
double cross_entropy(Index n, const float* x, const ClassTarget& target) {
  const double lse = static_cast<double>(log_sum_exp<Arch>(n, x));
  const double own = target.weight(target.index) * (lse - static_cast<double>(x[target.index]));
  if (target.smoothing == 0) return own;
  const double weighted = target.weights ? static_cast<double>(dot<Arch>(n, target.weights, x)) : sum<Arch>(n, x);
  const double even = (target.weight_sum * lse - weighted) / static_cast<double>(n);
  return (1 - target.smoothing) * own + target.smoothing * even;
}

template <class Arch>
void cross_entropy_backward(Index n, const float* x, const ClassTarget& target, double factor, float* out) {
  using V = simd::batch<Arch>;
  // With the weighted target y: softmax(x) · sum y - y.
  const double own = (1 - target.smoothing) * target.weight(target.index),
               even = target.smoothing / static_cast<double>(n);
  const V total(static_cast<float>(factor * (own + even * target.weight_sum)));
  softmax<Arch>(n, x, out);
  simd::map<Arch>(n, out, out, [=](V p) { return p * total; });
  if (even != 0)
    for (Index c = 0; c < n; ++c) out[c] -= static_cast<float>(factor * even * target.weight(c));
  out[target.index] -= static_cast<float>(factor * own);
}

namespace {

/// log(1 + e^-|x|), which both softplus share: softplus(x) = max(x, 0) + this.
template <class Arch>
class Rest {
  using V = simd::batch<Arch>;

 public:
  V operator()(V x) const { return xsimd::log1p(exp_(-xsimd::abs(x))); }

 private:
  Exp<Arch> exp_;
};

/// f(x, t, 1 + (positive - 1) · t) for each element.
template <class Arch, class F>
void each(Index n, const float* x, const float* t, const float* positive, float* out, F f) {
  using V = simd::batch<Arch>;
  const V one(1.0f);
  if (!positive) return simd::map<Arch>(n, x, t, out, [=](V v, V y) { return f(v, y, one); });
  // The factors first, in out.
  simd::map<Arch>(n, positive, t, out, [=](V p, V y) { return one + (p - one) * y; });
  constexpr Index lanes = simd::kLanes<Arch>;
  alignas(64) float block[2][lanes];
  for (Index i = 0; i < n; i += lanes) {
    const Index size = n - i < lanes ? n - i : lanes;
    for (Index j = 0; j < lanes; ++j) block[0][j] = j < size ? out[i + j] : 0, block[1][j] = 0;
    simd::map<Arch>(size, x + i, t + i, block[1], [&](V v, V y) { return f(v, y, simd::load<Arch>(block[0])); });
    for (Index j = 0; j < size; ++j) out[i + j] = block[1][j];
  }
}

}  // namespace

template <class Arch>
void binary_cross_entropy(Index n, const float* x, const float* t, const float* positive, float* out) {
  using V = simd::batch<Arch>;
  const V zero(0.0f), one(1.0f);
  // (1 - t) x + (1 + (p - 1) t) softplus(-x)
  each<Arch>(n, x, t, positive, out, [=, rest = Rest<Arch>()](V v, V y, V factor) {
    return (one - y) * v + factor * (simd::at_least<Arch>(-v, zero) + rest(v));
  });
}

template <class Arch>
void binary_cross_entropy_backward(Index n, const float* x, const float* t, const float* positive, float* out) {
  using V = simd::batch<Arch>;
  const V one(1.0f);
  each<Arch>(n, x, t, positive, out,
             [=, sigmoid = Sigmoid<Arch>()](V v, V y, V factor) { return one - y - factor * sigmoid(-v); });
}

template double cross_entropy<simd::Arch>(Index, const float*, const ClassTarget&);
template void cross_entropy_backward<simd::Arch>(Index, const float*, const ClassTarget&, double, float*);
template void binary_cross_entropy<simd::Arch>(Index, const float*, const float*, const float*, float*);
template void binary_cross_entropy_backward<simd::Arch>(Index, const float*, const float*, const float*, float*);

}  // namespace attn::kernels
