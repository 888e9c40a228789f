#pragma once
// Names of the elementwise functions and reductions, for kernels and operators alike.

namespace attn::ops {

enum class Unary { neg, exp, log, sqrt, tanh, sigmoid, relu, gelu, silu, gelu_tanh };
enum class Binary { add, sub, mul, div, pow };
enum class Reduction { sum, mean, max };

/// By a switch, as for every enum that JavaScript knows by its place: the compiler asks for a name that is missing.
/// Null past the last.
constexpr const char* name_of(Unary x) {
  switch (x) {
    case Unary::neg: return "neg";
    case Unary::exp: return "exp";
    case Unary::log: return "log";
    case Unary::sqrt: return "sqrt";
    case Unary::tanh: return "tanh";
    case Unary::sigmoid: return "sigmoid";
    case Unary::relu: return "relu";
    case Unary::gelu: return "gelu";
    case Unary::silu: return "silu";
    case Unary::gelu_tanh: return "gelu_tanh";
  }
  return nullptr;
}

/// Whether the slope of f is told from its argument; else from its value, which then need not be computed again.
constexpr bool from_input(Unary f) {
  return f == Unary::log || f == Unary::gelu || f == Unary::silu || f == Unary::gelu_tanh;
}

constexpr const char* name_of(Binary x) {
  switch (x) {
    case Binary::add: return "add";
    case Binary::sub: return "sub";
    case Binary::mul: return "mul";
    case Binary::div: return "div";
    case Binary::pow: return "pow";
  }
  return nullptr;
}

constexpr const char* name_of(Reduction x) {
  switch (x) {
    case Reduction::sum: return "sum";
    case Reduction::mean: return "mean";
    case Reduction::max: return "max";
  }
  return nullptr;
}

}  // namespace attn::ops
