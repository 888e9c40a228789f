#pragma once
// Names of the elementwise functions and reductions, for kernels and operators alike.

namespace attn::ops {

enum class Unary { neg, exp, log, sqrt, tanh, sigmoid, relu, gelu, silu };
enum class Binary { add, sub, mul, div, pow };
enum class Reduction { sum, mean, max };

}  // namespace attn::ops
