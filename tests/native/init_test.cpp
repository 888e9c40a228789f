// nn::init: what each function writes, of which it draws enough to tell its distribution, and what it refuses.
#include "attn/nn/init.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
namespace init = attn::nn::init;

namespace {

struct Moments {
  double mean = 0, deviation = 0, low = 0, high = 0;
};
Moments moments(const Tensor& x) {
  const auto n = static_cast<double>(x.numel());
  Moments m;
  for (const float v : x.values()) m.mean += static_cast<double>(v) / n;
  for (const float v : x.values()) m.deviation += std::pow(static_cast<double>(v) - m.mean, 2) / n;
  m.deviation = std::sqrt(m.deviation);
  const auto [low, high] = std::ranges::minmax(x.values());
  m.low = static_cast<double>(low), m.high = static_cast<double>(high);
  return m;
}

constexpr Index kRows = 200, kColumns = 300;  // n = 60,000: a mean is off by its deviation/245, a deviation by 1/346

/// A mean within five deviations of the mean of n, and a deviation within five of its own, which is at most √(2/n)/√2.
void check_moments(const Tensor& x, double mean, double deviation) {
  const double n = static_cast<double>(x.numel());
  const Moments got = moments(x);
  CHECK(std::abs(got.mean - mean) < 5 * deviation / std::sqrt(n));
  CHECK(std::abs(got.deviation / deviation - 1) < 5 / std::sqrt(2 * n));
}
/// Uniform within ±limit: all of 60,000 numbers miss the outermost thousandth with a chance of e^-30.
void check_within(const Tensor& x, double low, double high) {
  check_moments(x, (low + high) / 2, (high - low) / std::sqrt(12.0));
  const Moments got = moments(x);
  const double width = high - low;
  CHECK((got.low >= low && got.low < low + width / 1000));
  CHECK((got.high <= high && got.high > high - width / 1000));
}

Tensor weight() { return attn::zeros({kRows, kColumns}); }

}  // namespace

TEST_CASE("init draws what its names say") {
  attn::manual_seed(1);
  const Tensor x = weight();
  init::uniform(x);
  check_within(x, 0, 1);
  init::uniform(x, -3, 1);
  check_within(x, -3, 1);
  init::normal(x);
  check_moments(x, 0, 1);
  init::normal(x, 2, 0.5);
  check_moments(x, 2, 0.5);
  init::xavier_uniform(x, 2);
  check_within(x, -2 * std::sqrt(6.0 / 500), 2 * std::sqrt(6.0 / 500));
  init::xavier_normal(x, 2);
  check_moments(x, 0, 2 * std::sqrt(2.0 / 500));
  init::kaiming_uniform(x);
  check_within(x, -std::sqrt(2.0 * 3 / kColumns), std::sqrt(2.0 * 3 / kColumns));
  init::kaiming_normal(x, {.mode = init::Fan::fan_out, .nonlinearity = init::Nonlinearity::relu});
  check_moments(x, 0, std::sqrt(2.0 / kRows));
  init::kaiming_normal(x, {.a = 3});
  check_moments(x, 0, std::sqrt(2.0 / (10 * kColumns)));

  const Tensor kernel = attn::zeros({100, 20, 5, 6});  // a convolution's: the last sizes belong to both fans
  init::kaiming_normal(kernel, {.nonlinearity = init::Nonlinearity::linear});
  check_moments(kernel, 0, std::sqrt(1.0 / (20 * 5 * 6)));
  init::xavier_normal(kernel);
  check_moments(kernel, 0, std::sqrt(2.0 / (120 * 30)));
}

TEST_CASE("trunc_normal is the normal distribution cut off, in wide ranges and in narrow ones") {
  attn::manual_seed(2);
  const Tensor x = weight();
  for (const auto& [mean, deviation, low, high] : std::vector<std::array<double, 4>>{
           {0, 1, -2, 2}, {1, 0.5, 0.9, 1.2}, {0, 1, 2, 2.5}, {0, 1, 1.5, 9}, {-1, 2, -9, 0}}) {
    CAPTURE(low);
    CAPTURE(high);
    init::trunc_normal(x, mean, deviation, low, high);
    // The mean of what is left, by Simpson's rule on the density.
    double mass = 0, first = 0, second = 0;
    constexpr int kSteps = 2000;
    const double top = std::min(high, mean + 9 * deviation), bottom = std::max(low, mean - 9 * deviation);
    for (int i = 0; i <= kSteps; ++i) {
      const double v = bottom + (top - bottom) * i / kSteps, z = (v - mean) / deviation;
      const double density = std::exp(-z * z / 2) * (i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2);
      mass += density, first += density * v, second += density * v * v;
    }
    const double center = first / mass, spread = std::sqrt(second / mass - center * center);
    const Moments got = moments(x);
    CHECK((got.low >= static_cast<double>(static_cast<float>(low)) &&
           got.high <= static_cast<double>(static_cast<float>(high))));
    CHECK(std::abs(got.mean - center) < 5 * spread / std::sqrt(60000.0));
    CHECK(std::abs(got.deviation / spread - 1) < 0.03);  // its fourth moment is not the normal's: 6 times √(1/(2n))
  }
}

TEST_CASE("init writes constants, ones on the diagonal, and right angles") {
  const Tensor x = weight();
  init::constant(x, -1.5);
  check_all(
      x, [](float v) { return v == -1.5f; }, "-1.5");
  const Tensor small = attn::ones({2, 3});
  init::eye(small);
  CHECK(std::ranges::equal(small.values(), std::vector<float>{1, 0, 0, 0, 1, 0}));

  attn::manual_seed(3);
  for (const Shape& shape : {Shape{5, 9}, Shape{9, 5}, Shape{6, 6}, Shape{4, 2, 3}}) {
    CAPTURE(attn::to_string(shape));
    const Tensor q = attn::zeros(shape);
    init::orthogonal(q, 3);
    const Tensor flat = attn::reshape(q, {shape[0], -1});
    const Tensor square = flat.size(0) <= flat.size(1) ? attn::matmul(flat, attn::transpose(flat, 0, 1))
                                                       : attn::matmul(attn::transpose(flat, 0, 1), flat);
    const Index n = square.size(0);
    // Sums of at most 9 products of floats that are off by half an epsilon, of vectors of length 3.
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j)
        CHECK(std::abs(square.data()[i * n + j] - (i == j ? 9.0f : 0.0f)) < 9 * 11 * 1.2e-7f);
  }
}

TEST_CASE("init follows the seed, writes through views, and tells the tape") {
  const Tensor x = weight(), y = weight();
  attn::manual_seed(4);
  init::normal(x);
  attn::manual_seed(4);
  init::normal(y);
  check_same_bits(x, y);

  Tensor matrix = attn::zeros({3, 4});
  init::constant(attn::transpose(attn::slice(matrix, 1, 1, 3), 0, 1), 7);
  CHECK(std::ranges::equal(matrix.values(), std::vector<float>{0, 7, 7, 0, 0, 7, 7, 0, 0, 7, 7, 0}));

  matrix.set_requires_grad(true);
  const Tensor made = times(matrix, matrix), loss = sum(made);
  check_error(ErrorCode::unsupported, "uniform", {"leaf"}, [&] { init::uniform(made); });
  init::uniform(matrix);
  CHECK(matrix.requires_grad());
  CHECK_THROWS_AS(loss.backward(), attn::Error);  // it needs what the matrix was
}

TEST_CASE("init's gains are PyTorch's") {
  using enum init::Nonlinearity;
  CHECK(init::calculate_gain(linear) == 1);
  CHECK(init::calculate_gain(sigmoid) == 1);
  CHECK(init::calculate_gain(tanh) == doctest::Approx(5.0 / 3));
  CHECK(init::calculate_gain(relu) == doctest::Approx(1.4142135623730951));
  CHECK(init::calculate_gain(leaky_relu) == doctest::Approx(1.4141428569978354));
  CHECK(init::calculate_gain(leaky_relu, 0.2) == doctest::Approx(1.3867504905630728));
  CHECK(init::calculate_gain(selu) == 0.75);
}

TEST_CASE("what init refuses") {
  const Tensor x = weight(), row = attn::zeros({3});
  check_error(ErrorCode::type, "constant", {"float32", "int32"}, [] { init::constant(integers({1}), 2); });
  check_error(ErrorCode::type, "constant", {"float32", "none"}, [] { init::constant({}, 2); });
  check_error(ErrorCode::shape, "xavier_uniform", {"[O,I,...]", "[3]"}, [&] { init::xavier_uniform(row); });
  check_error(ErrorCode::shape, "kaiming_normal", {"[O,I,...]", "[3]"}, [&] { init::kaiming_normal(row); });
  check_error(ErrorCode::shape, "orthogonal", {"[O,I,...]", "[3]"}, [&] { init::orthogonal(row); });
  check_error(ErrorCode::shape, "eye", {"[N,M]", "[3]"}, [&] { init::eye(row); });
  check_error(ErrorCode::range, "uniform", {"a must not be above b"}, [&] { init::uniform(x, 1, 0); });
  check_error(ErrorCode::range, "uniform", {"finite"}, [&] { init::uniform(x, 0, kNan); });
  check_error(ErrorCode::range, "normal", {"std", "-1"}, [&] { init::normal(x, 0, -1); });
  check_error(ErrorCode::range, "trunc_normal", {"std", "above 0"}, [&] { init::trunc_normal(x, 0, 0); });
  check_error(ErrorCode::range, "trunc_normal", {"two deviations"}, [&] { init::trunc_normal(x, 0, 1, 2.5, 3); });
  check_error(ErrorCode::range, "trunc_normal", {"a must be below b"}, [&] { init::trunc_normal(x, 0, 1, 1, -1); });
  check_error(ErrorCode::range, "orthogonal", {"gain"}, [&] { init::orthogonal(x, kNan); });
  check_error(ErrorCode::range, "xavier_normal", {"gain"}, [&] { init::xavier_normal(x, kNan); });
}
