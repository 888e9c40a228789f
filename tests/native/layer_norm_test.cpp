// layer_norm, rms_norm and log_sum_exp.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

/// (x - mean) / sqrt(var + eps) of the rows of x, or x / sqrt(mean x² + eps); then · weight + bias.
Array normalized(const Array& x, bool centred, double eps, const Array& weight, const Array& bias) {
  const Index n = x.shape.back();
  Array out = x;
  for (Index row = 0; row < x.size() / n; ++row) {
    double mean = 0, square = 0;
    for (Index i = 0; i < n && centred; ++i) mean += x[row * n + i] / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) square += (x[row * n + i] - mean) * (x[row * n + i] - mean) / static_cast<double>(n);
    for (Index i = 0; i < n; ++i)
      out[row * n + i] = (x[row * n + i] - mean) / std::sqrt(square + eps) * (weight.empty() ? 1 : weight[i]) +
                         (bias.empty() ? 0 : bias[i]);
  }
  return out;
}

}  // namespace

TEST_CASE("layer_norm and rms_norm at lengths around the lanes, far from zero too") {
  Random random(1);
  for (const Index n : sizes_around_lanes()) {
    if (n == 0) continue;
    for (const float far : {0.0f, 1000.0f}) {
      CAPTURE(n);
      CAPTURE(far);
      const Tensor x = random.tensor({3, n}, far - 2, far + 2), weight = random.tensor({n}), bias = random.tensor({n});
      // A result is rounded five times (differences, factor, weight, bias); the differences lose what the float of x - mean
      // does, 2^-24 of |x - mean| twice; with eps = 0.1 they are multiplied by at most 1/sqrt(0.1).
      const double bound = 8 * tolerance::rounding * (4 * 3.2 + 1);
      check_close(attn::layer_norm(x, weight, bias, 0.1), normalized(exact(x), true, 0.1, exact(weight), exact(bias)), bound);
      check_close(attn::layer_norm(x, {}, {}, 0.1), normalized(exact(x), true, 0.1, {}, {}), bound);
      check_close(attn::rms_norm(x, weight, 0.1), normalized(exact(x), false, 0.1, exact(weight), {}), bound);
    }
  }
  check_values(attn::layer_norm(attn::full({2, 5}, 3), {}, {}, 1e-5), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(std::isnan(attn::layer_norm(tensor({1, kNan}, {2})).data()[0]));
  CHECK(std::isnan(attn::rms_norm(tensor({1, kNan}, {2})).data()[0]));
}

TEST_CASE("normalisations refuse what they cannot do") {
  const Tensor x = attn::zeros({2, 4});
  check_error(ErrorCode::shape, "layer_norm", {"[3]", "[2,4]"}, [&] { attn::layer_norm(x, attn::zeros({3})); });
  check_error(ErrorCode::shape, "layer_norm", {"[4,1]", "[2,4]"}, [&] { attn::layer_norm(x, {}, attn::zeros({4, 1})); });
  check_error(ErrorCode::shape, "rms_norm", {"[3]", "[2,4]"}, [&] { attn::rms_norm(x, attn::zeros({3})); });
  check_error(ErrorCode::shape, "layer_norm", {"[2,0]"}, [] { attn::layer_norm(attn::zeros({2, 0})); });
  check_error(ErrorCode::range, "layer_norm", {"eps"}, [&] { attn::layer_norm(x, {}, {}, -1); });
  check_error(ErrorCode::type, "rms_norm", {"int32"}, [] { attn::rms_norm(integers({1})); });
}

TEST_CASE("log_sum_exp over any dimension") {
  Random random(2);
  for (const Index n : sizes_around_lanes()) {
    if (n == 0) continue;
    const Tensor x = random.tensor({3, n}, -30, 30);
    for (const float shift : {0.0f, 1000.0f}) {
      const Tensor y = attn::binary(attn::ops::Binary::add, x, attn::full({}, shift));
      const Tensor got = attn::log_sum_exp(y, 1);
      CHECK(got.shape() == Shape{3});
      for (Index row = 0; row < 3; ++row) {
        double sum = 0, most = -1e300;
        for (Index i = 0; i < n; ++i) most = std::max(most, static_cast<double>(y.data()[row * n + i]));
        for (Index i = 0; i < n; ++i) sum += std::exp(static_cast<double>(y.data()[row * n + i]) - most);
        // Each exponent is rounded once (up to 60), each exp twice; then the logarithm and its addition.
        const double bound = tolerance::rounding * (60 + 4 + static_cast<double>(n) + 2 * std::abs(most) + 8);
        CHECK(std::abs(static_cast<double>(got.data()[row]) - most - std::log(sum)) <= bound);
      }
    }
  }
  CHECK(attn::log_sum_exp(attn::zeros({2, 3, 4}), 1).shape() == Shape{2, 4});
  CHECK(attn::log_sum_exp(attn::zeros({2, 3, 4}), -2, true).shape() == Shape{2, 1, 4});
  check_values(attn::log_sum_exp(tensor({-kInf, -kInf, kInf, 0}, {2, 2}), 1), {-kInf, kInf});
  CHECK(std::isnan(attn::log_sum_exp(tensor({kNan, 0}, {2}), 0).data()[0]));
  check_error(ErrorCode::range, "log_sum_exp", {"2"}, [] { attn::log_sum_exp(attn::zeros({2, 3}), 2); });
}
