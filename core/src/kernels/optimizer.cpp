#include "optimizer.hpp"

#include "../simd.hpp"

namespace attn::kernels {

template <class Arch>
void adam(Index n, const AdamStep& step, const float* g, float* p, float* m, float* v, float* most) {
  using V = simd::batch<Arch>;
  const V beta1(step.beta1), beta2(step.beta2), rest1(step.rest1), rest2(step.rest2), eps(step.eps), l2(step.l2),
      shrink(step.shrink), rate(step.rate), root(step.root);
  simd::each<Arch>(n, [&](auto load, auto store) {
    const V x = load(p), slope = load(g) + l2 * x;
    const V mean = beta1 * load(m) + rest1 * slope, square = beta2 * load(v) + rest2 * slope * slope;
    store(m, mean);
    store(v, square);
    V under = square;
    if (most) {
      under = xsimd::max(load(most), square);
      store(most, under);
    }
    store(p, shrink * x - rate * mean / (xsimd::sqrt(under) * root + eps));
  });
}

template <class Arch>
void sgd(Index n, const SgdStep& step, const float* g, float* p, float* b) {
  using V = simd::batch<Arch>;
  const V rate(step.rate), momentum(step.momentum), keep(step.keep), l2(step.l2);
  simd::each<Arch>(n, [&](auto load, auto store) {
    const V x = load(p);
    V slope = load(g) + l2 * x;
    if (b) {
      const V velocity = momentum * load(b) + keep * slope;
      store(b, velocity);
      slope = step.nesterov ? slope + momentum * velocity : velocity;
    }
    store(p, x - rate * slope);
  });
}

template void adam<simd::Arch>(Index, const AdamStep&, const float*, float*, float*, float*, float*);
template void sgd<simd::Arch>(Index, const SgdStep&, const float*, float*, float*);

}  // namespace attn::kernels
