#pragma once
// First values, named as in torch.nn.init. Each writes over all of x, a float32 leaf, and draws from default_generator().
// A backward pass that needs the old values throws. A weight [O,I,…] has fan_in I·… and fan_out O·…; whoever needs these
// throws SHAPE for fewer dimensions than two.

#include "attn/tensor.hpp"

namespace attn::nn::init {

/// Uniform on [a, b).
void uniform(const Tensor& x, double a = 0, double b = 1);
/// mean + std · n, n standard normal.
void normal(const Tensor& x, double mean = 0, double std = 1);
/// The same, drawn again until it is within [a, b], which must come within two deviations of the mean.
void trunc_normal(const Tensor& x, double mean = 0, double std = 1, double a = -2, double b = 2);
void constant(const Tensor& x, double value);
/// Ones on the diagonal of a matrix, zeros elsewhere.
void eye(const Tensor& x);

/// Uniform within ±gain · √(6 / (fan_in + fan_out)). Source: Glorot & Bengio 2010, AISTATS.
void xavier_uniform(const Tensor& x, double gain = 1);
/// Normal with deviation gain · √(2 / (fan_in + fan_out)).
void xavier_normal(const Tensor& x, double gain = 1);

enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
constexpr const char* name_of(Nonlinearity x) {
  switch (x) {
    case Nonlinearity::linear: return "linear";
    case Nonlinearity::sigmoid: return "sigmoid";
    case Nonlinearity::tanh: return "tanh";
    case Nonlinearity::relu: return "relu";
    case Nonlinearity::leaky_relu: return "leaky_relu";
    case Nonlinearity::selu: return "selu";
  }
  return nullptr;
}
/// What PyTorch recommends before each: 1, 1, 5/3, √2, √(2 / (1 + a²)), 3/4; a is leaky_relu's slope below zero.
double calculate_gain(Nonlinearity nonlinearity, double a = 0.01);

enum class Fan { fan_in, fan_out };
constexpr const char* name_of(Fan x) {
  switch (x) {
    case Fan::fan_in: return "fan_in";
    case Fan::fan_out: return "fan_out";
  }
  return nullptr;
}
struct KaimingOptions {
  double a = 0;  ///< leaky_relu's slope below zero
  Fan mode = Fan::fan_in;
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
};
/// Uniform within ±gain · √(3 / fan). Source: He et al. 2015, arXiv:1502.01852.
void kaiming_uniform(const Tensor& x, const KaimingOptions& options = {});
/// Normal with deviation gain / √fan.
void kaiming_normal(const Tensor& x, const KaimingOptions& options = {});

/// gain times rows at right angles, or columns where [O,I·…] has more rows than columns.
/// Source: Saxe et al. 2014, arXiv:1312.6120.
void orthogonal(const Tensor& x, double gain = 1);

}  // namespace attn::nn::init
