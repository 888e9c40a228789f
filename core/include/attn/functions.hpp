#pragma once
// Names of the elementwise functions and reductions, for kernels and operators alike.

namespace attn::ops {

enum class Unary { neg, exp, log, sqrt, tanh, sigmoid, relu, gelu, silu };
enum class Binary { add, sub, mul, div, pow };
enum class Reduction { sum, mean, max };

constexpr const char* name_of(Unary f) {
  constexpr const char* names[] = {"neg", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "gelu", "silu"};
  return names[static_cast<int>(f)];
}

/// Whether the slope of f is told from its argument; else from its value, which then need not be computed again.
constexpr bool from_input(Unary f) { return f == Unary::log || f == Unary::gelu || f == Unary::silu; }

constexpr const char* name_of(Binary f) {
  constexpr const char* names[] = {"add", "sub", "mul", "div", "pow"};
  return names[static_cast<int>(f)];
}

constexpr const char* name_of(Reduction f) {
  constexpr const char* names[] = {"sum", "mean", "max"};
  return names[static_cast<int>(f)];
}

}  // namespace attn::ops
