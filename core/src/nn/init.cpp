#include "attn/nn/init.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attn/error.hpp"
#include "attn/ops.hpp"
#include "attn/random.hpp"

namespace attn::nn::init {

namespace {

/// x's elements in row-major order, each as next() says; x may be a view.
template <class Next>
void fill(const char* op, const Tensor& x, Next next) {
  if (!x.defined() || x.dtype() != DType::float32)
    throw Error(ErrorCode::type, op,
                std::string("x must be float32, got ") + (x.defined() ? to_string(x.dtype()) : "none"));
  if (!x.is_leaf()) throw Error(ErrorCode::unsupported, op, "x must be a leaf, got what an operator made");
  const Tensor fresh = Tensor::empty(x.shape());
  for (float& value : fresh.values()) value = static_cast<float>(next());
  ops::copy<float>(fresh.view(), x.out());
  x.written();
}

double finite(const char* op, const char* what, double value) {
  if (!std::isfinite(value))
    throw Error(ErrorCode::range, op, std::string(what) + " must be finite, got " + std::to_string(value));
  return value;
}

void require_rank(const char* op, const Tensor& x, bool right, const char* wanted) {
  if (!right)
    throw Error(ErrorCode::shape, op, std::string("x must be ") + wanted + ", got " + to_string(x.shape()),
                {x.shape()});
}

struct Fans {
  double in, out;
};
Fans fans(const char* op, const Tensor& x) {
  require_rank(op, x, x.rank() >= 2, "[O,I,...]");
  const auto rows = static_cast<double>(x.size(0)), columns = static_cast<double>(x.size(1));
  double rest = 1;
  for (Index dim = 2; dim < x.rank(); ++dim) rest *= static_cast<double>(x.size(dim));
  return {columns * rest, rows * rest};
}

void between(const char* op, const Tensor& x, double low, double high) {
  fill(op, x, [=] { return (low + high) / 2 + (2 * default_generator().uniform() - 1) * ((high - low) / 2); });
}
void around(const char* op, const Tensor& x, double mean, double deviation) {
  finite(op, "mean", mean);
  if (!(finite(op, "std", deviation) >= 0))
    throw Error(ErrorCode::range, op, "std must be at least 0, got " + std::to_string(deviation));
  fill(op, x, [=] { return mean + default_generator().normal() * deviation; });
}

double kaiming_deviation(const char* op, const Tensor& x, const KaimingOptions& o) {
  const Fans found = fans(op, x);
  const double gain = calculate_gain(o.nonlinearity, finite(op, "a", o.a));
  return gain / std::sqrt(std::max(1.0, o.mode == Fan::fan_in ? found.in : found.out));
}
/// gain · √(square / (fan_in + fan_out))
double glorot(const char* op, const Tensor& x, double gain, double square) {
  const Fans found = fans(op, x);
  return finite(op, "gain", gain) * std::sqrt(square / std::max(1.0, found.in + found.out));
}

}  // namespace

void uniform(const Tensor& x, double a, double b) {
  if (!(finite("uniform", "a", a) <= finite("uniform", "b", b)))
    throw Error(ErrorCode::range, "uniform",
                "a must not be above b, got " + std::to_string(a) + " and " + std::to_string(b));
  between("uniform", x, a, b);
}

void normal(const Tensor& x, double mean, double deviation) { around("normal", x, mean, deviation); }

void trunc_normal(const Tensor& x, double mean, double deviation, double a, double b) {
  constexpr const char* op = "trunc_normal";
  finite(op, "mean", mean);
  if (!(finite(op, "std", deviation) > 0))
    throw Error(ErrorCode::range, op, "std must be above 0, got " + std::to_string(deviation));
  // In deviations from the mean. Farther away hardly any draw would be kept.
  const double from = (a - mean) / deviation, to = (b - mean) / deviation;
  if (!(from < to && from <= 2 && to >= -2))
    throw Error(ErrorCode::range, op,
                "a must be below b, and one of their range within two deviations of the mean, got " +
                    std::to_string(a) + " and " + std::to_string(b));
  // Of a narrow range most normal numbers would miss: there uniform ones are kept as often as the density says.
  const double densest = std::clamp(0.0, from, to);
  const bool narrow = to - from < 2;
  fill(op, x, [=] {
    Generator& random = default_generator();
    for (;;) {
      const double z = narrow ? from + (to - from) * random.uniform() : random.normal();
      const bool kept = narrow ? random.uniform() <= std::exp((densest * densest - z * z) / 2) : z >= from && z <= to;
      if (kept) return mean + deviation * z;
    }
  });
}

void constant(const Tensor& x, double value) {
  fill("constant", x, [=] { return value; });
}

void eye(const Tensor& x) {
  require_rank("eye", x, x.rank() == 2, "[N,M]");
  Index at = 0;
  const Index columns = x.size(1);
  fill("eye", x, [&] {
    const bool diagonal = at / columns == at % columns;
    ++at;
    return diagonal ? 1.0 : 0.0;
  });
}

void xavier_uniform(const Tensor& x, double gain) {
  const double limit = glorot("xavier_uniform", x, gain, 6);
  between("xavier_uniform", x, -limit, limit);
}
void xavier_normal(const Tensor& x, double gain) {
  around("xavier_normal", x, 0, std::abs(glorot("xavier_normal", x, gain, 2)));
}

double calculate_gain(Nonlinearity nonlinearity, double a) {
  switch (nonlinearity) {
    case Nonlinearity::tanh: return 5.0 / 3;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu: return std::sqrt(2 / (1 + a * a));
    case Nonlinearity::selu: return 0.75;
    default: return 1;
  }
}

void kaiming_uniform(const Tensor& x, const KaimingOptions& o) {
  const double limit = std::sqrt(3.0) * kaiming_deviation("kaiming_uniform", x, o);
  between("kaiming_uniform", x, -limit, limit);
}
void kaiming_normal(const Tensor& x, const KaimingOptions& o) {
  around("kaiming_normal", x, 0, kaiming_deviation("kaiming_normal", x, o));
}

void orthogonal(const Tensor& x, double gain) {
  constexpr const char* op = "orthogonal";
  finite(op, "gain", gain);
  require_rank(op, x, x.rank() >= 2, "[O,I,...]");
  const Index rows = x.size(0), columns = rows == 0 ? 0 : x.numel() / rows;
  const Index count = std::min(rows, columns), length = std::max(rows, columns);
  // Gram & Schmidt's way, twice over, since once leaves what rounding left of the others.
  std::vector<std::vector<double>> basis;
  while (static_cast<Index>(basis.size()) < count) {
    std::vector<double> v(static_cast<std::size_t>(length));
    for (double& value : v) value = default_generator().normal();
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : basis) {
        double along = 0;
        for (std::size_t i = 0; i < v.size(); ++i) along += v[i] * other[i];
        for (std::size_t i = 0; i < v.size(); ++i) v[i] -= along * other[i];
      }
      double square = 0;
      for (const double value : v) square += value * value;
      for (double& value : v) value /= std::sqrt(square);
    }
    basis.push_back(std::move(v));
  }
  Index at = 0;
  fill(op, x, [&] {
    const auto row = static_cast<std::size_t>(at / columns), column = static_cast<std::size_t>(at % columns);
    ++at;
    return gain * (rows <= columns ? basis[row][column] : basis[column][row]);
  });
}

}  // namespace attn::nn::init
