#pragma once
// The gradients of fused attention, from its log-sum-exp; no T×S matrix (Dao 2023, arXiv:2307.08691, algorithm 2).

#include "flash.hpp"

namespace attn::kernels {

/// What the forward pass of T queries left, and what came back. All contiguous.
struct HeadGradient {
  Index queries;
  const float* out_gradient;  ///< [T,Dv]
  const float* lse;           ///< [T]
  const float* delta;         ///< [T], sum_i out[t,i] · out_gradient[t,i]
};

/// Floats of scratch that flash_backward needs.
template <class Arch>
std::int64_t flash_backward_scratch(Index d, Index dv);

/// Adds to query_gradient [T,D], key_gradient [S,D] and value_gradient [S,Dv] what keys [first, last) give:
/// P = exp(scale·QKᵀ + additive - lse), dV = Pᵀ·dO, dS = P∘(dO·Vᵀ - delta), dQ = scale·dS·K, dK = scale·dSᵀ·Q.
template <class Arch>
void flash_backward(const Head& head, const HeadGradient& given, const Keys* keys, Index first, Index last,
                    float* query_gradient, float* key_gradient, float* value_gradient, float* scratch);

}  // namespace attn::kernels
