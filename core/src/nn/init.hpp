#pragma once
// What layers do with their options: first values of parameters, and checks of sizes.

#include <cmath>
#include <string>

#include "../functional/arithmetic.hpp"
#include "attn/error.hpp"
#include "attn/random.hpp"

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

/// Uniform within ±limit.
inline Tensor uniform(const Shape& shape, double limit) {
  const Tensor x = Tensor::empty(shape);
  for (float& value : x.values()) value = static_cast<float>((2 * default_generator().uniform() - 1) * limit);
  return x;
}

/// Uniform within ±1/√fan_in, as PyTorch's Linear and recurrent layers begin.
inline Tensor uniform_fan(const Shape& shape, Index fan_in) {
  return uniform(shape, 1 / std::sqrt(static_cast<double>(fan_in)));
}

/// Uniform within ±√(6/(I+O)) for a weight [O,I]: Glorot & Bengio 2010.
inline Tensor xavier_uniform(const Shape& shape) {
  return uniform(shape, std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1])));
}

}  // namespace attn::nn
