#pragma once
// First values that more than one model begins with.

#include "attn/random.hpp"
#include "attn/tensor.hpp"

namespace attn::models {

inline void fill_normal(const Tensor& x, double deviation) {
  for (float& v : x.values()) v = static_cast<float>(default_generator().normal() * deviation);
}

}  // namespace attn::models
