#pragma once
// Losses of one row of logits, and their gradients.

#include "attn/shape.hpp"

namespace attn::kernels {

/// What cross-entropy needs beside the logits: the class, the weights of all classes (null: 1 each) with their sum, and
/// how much of the target is spread evenly over the classes (Szegedy et al. 2016, arXiv:1512.00567).
struct ClassTarget {
  Index index;
  const float* weights;
  double weight_sum, smoothing;

  double weight(Index c) const { return weights ? static_cast<double>(weights[c]) : 1.0; }
};

/// -sum_c target_c · weight_c · log softmax(x)_c
template <class Arch>
double cross_entropy(Index n, const float* x, const ClassTarget& target);
/// out = factor times the gradient of x.
template <class Arch>
void cross_entropy_backward(Index n, const float* x, const ClassTarget& target, double factor, float* out);

/// out = weight · (softplus(-x) · t + softplus(x) · (1 - t)), t from 0 to 1, where positive scales the first term: the
/// cross-entropy of a sigmoid, without the overflow of either.
template <class Arch>
void binary_cross_entropy(Index n, const float* x, const float* t, const float* positive, float* out);
/// out = the gradient of x for each element.
template <class Arch>
void binary_cross_entropy_backward(Index n, const float* x, const float* t, const float* positive, float* out);

}  // namespace attn::kernels
