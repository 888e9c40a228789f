// How far the elementwise functions are from the truth, in units of the last place, over the floats of a range. Every
// 251st float is tried here (all of them take minutes; the bounds in the headers are those of all).
#include <bit>
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ops::Unary;

namespace {

/// The distance between `x` and the next float, denormals counted as the smallest normal one.
double unit(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Range {
  Unary f;
  float from, to;  ///< of one sign; by growing absolute value
  double ulps;
  double (*exact)(double);
};

double worst_of(const Range& range) {
  constexpr std::uint32_t step = 251 * ATTN_SHARE;
  const auto first = std::bit_cast<std::uint32_t>(range.from), last = std::bit_cast<std::uint32_t>(range.to);
  double worst = 0;
  constexpr Index block = 1 << 16;
  Tensor x = Tensor::empty({block});
  for (std::uint64_t bits = first; bits <= last;) {
    for (Index i = 0; i < block; ++i, bits += step)
      x.data()[i] = std::bit_cast<float>(static_cast<std::uint32_t>(std::min<std::uint64_t>(bits, last)));
    const Tensor y = attn::unary(range.f, x);
    for (Index i = 0; i < block; ++i) {
      const double want = range.exact(static_cast<double>(x.data()[i]));
      worst = std::max(worst, std::abs(static_cast<double>(y.data()[i]) - want) / unit(want));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("elementwise functions keep the accuracy that their docstring states") {
  for (const Range& range : {
           Range{Unary::exp, -0.0f, -87.0f, 1.2, [](double x) { return std::exp(x); }},
           Range{Unary::exp, 0.0f, 88.7f, 1.2, [](double x) { return std::exp(x); }},
           Range{Unary::log, 1e-37f, 3e38f, 1.0, [](double x) { return std::log(x); }},
           Range{Unary::tanh, 0.0f, 20.0f, 1.5, [](double x) { return std::tanh(x); }},
           Range{Unary::tanh, -0.0f, -20.0f, 1.5, [](double x) { return std::tanh(x); }},
           Range{Unary::gelu, 0.0f, 1e4f, 8, reference::gelu},
           Range{Unary::gelu, -0.0f, -3.0f, 10, reference::gelu},
           Range{Unary::gelu, -3.0f, -9.0f, 50, reference::gelu},
           Range{Unary::sigmoid, -0.0f, -80.0f, 2.5, reference::sigmoid},
           Range{Unary::sigmoid, 0.0f, 80.0f, 2.5, reference::sigmoid},
       }) {
    CAPTURE(attn::ops::name_of(range.f));
    CAPTURE(range.from);
    CAPTURE(range.to);
    const double worst = worst_of(range);
    CHECK(worst <= range.ulps);
  }
}

TEST_CASE("a weight of fused attention is within 2 ulp of its exponential, down to where float32 ends") {
  // One feature, queries of 1, and a scale that makes a key its own score in units of log 2; the values tell the keys'
  // weights apart, and the first key's weight is 1.
  constexpr Index S = 96, T = 4;
  Random random(1);
  const Tensor q = attn::ones({T, 1}), v = attn::eye(S);
  const attn::SdpaOptions options{.scale = std::log(2.0)};
  double worst = 0;
  for (int round = 0; round < 500; ++round) {
    Tensor k = random.tensor({S, 1}, -126, 0);
    if (round % 2 == 0)
      for (Index s = 0; s < S; ++s) k.data()[s] /= 126;  // half of them within the first octave
    k.data()[0] = 0;
    const Tensor out = attn::scaled_dot_product_attention(q, k, v, options);
    const auto first = static_cast<double>(out.data()[0]);
    for (Index s = 0; s < S; ++s) {
      const double want = std::exp2(static_cast<double>(k.data()[s]));
      worst = std::max(worst, std::abs(static_cast<double>(out.data()[s]) / first - want) / want);
    }
  }
  CHECK(static_cast<float>(std::log(2.0)) * 1.44269504f == 1.0f);  // so that a key is its score to the bit
  CHECK(worst <= 8 * tolerance::rounding);  // 2 ulp are 4 roundings at most; two products with 1 / sum are 2 each
}
