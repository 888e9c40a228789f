#pragma once
// What layers do with their options: first values of parameters, and checks of sizes.

#include <cmath>
#include <string>

#include "../functional/arithmetic.hpp"
#include "attn/error.hpp"
#include "attn/nn/init.hpp"

namespace attn::nn {

using detail::over;
using detail::plus;
using detail::times;

inline Index at_least_1(const char* layer, const char* what, Index size) {
  if (size < 1)
    throw Error(ErrorCode::range, layer, std::string(what) + " must be at least 1, got " + std::to_string(size));
  return size;
}

inline double probability(const char* layer, double p) {
  if (!(p >= 0 && p <= 1))
    throw Error(ErrorCode::range, layer, "dropout must be from 0 to 1, got " + std::to_string(p));
  return p;
}

/// Uniform within ±1/√fan_in, as PyTorch's Linear and recurrent layers begin.
inline Tensor uniform_fan(const Shape& shape, Index fan_in) {
  const Tensor x = Tensor::empty(shape);
  const double limit = 1 / std::sqrt(static_cast<double>(fan_in));
  init::uniform(x, -limit, limit);
  return x;
}

/// A weight [O,I] that begins as init::xavier_uniform says.
inline Tensor xavier_uniform(const Shape& shape) {
  const Tensor x = Tensor::empty(shape);
  init::xavier_uniform(x);
  return x;
}

}  // namespace attn::nn
