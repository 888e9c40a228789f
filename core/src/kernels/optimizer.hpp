#pragma once
// One step of an optimiser over a run of n parameters, in one pass.

#include "attn/shape.hpp"

namespace attn::kernels {

/// g' = g + l2 · p; m = beta1 · m + rest1 · g'; v = beta2 · v + rest2 · g'²; p = shrink · p - rate · m / (√v · root +
/// eps), where rate and root hold the corrections of the bias (Kingma & Ba 2015, arXiv:1412.6980), and either l2 or
/// shrink the decay (the latter decoupled: Loshchilov & Hutter 2019, arXiv:1711.05101). With `most`, v's running
/// maximum stands in the denominator (Reddi et al. 2018, arXiv:1904.09237).
struct AdamStep {
  float beta1, rest1, beta2, rest2, eps, l2, shrink, rate, root;
};
template <class Arch>
void adam(Index n, const AdamStep& step, const float* g, float* p, float* m, float* v, float* most);

/// g' = g + l2 · p; b = momentum · b + keep · g'; p -= rate · b, or with nesterov p -= rate · (g' + momentum · b). b
/// may be null: no momentum.
struct SgdStep {
  float rate, momentum, keep, l2;
  bool nesterov;
};
template <class Arch>
void sgd(Index n, const SgdStep& step, const float* g, float* p, float* b);

}  // namespace attn::kernels
