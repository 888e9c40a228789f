// The generator: its first values, its distributions, and that a seed repeats them.
#include "attn/random.hpp"

#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::Generator;

TEST_CASE("the generator is xoshiro256++ seeded through SplitMix64, bit for bit") {
  // Computed from the published algorithms with unbounded integers, apart from this library.
  struct Sequence {
    std::uint64_t seed, values[5];
  };
  const Sequence cases[] = {
      {0, {0x53175d61490b23df, 0x61da6f3dc380d507, 0x5c0fdf91ec9a7bfc, 0x02eebf8c3bbe5e1a, 0x7eca04ebaf4a5eea}},
      {42, {0xd0764d4f4476689f, 0x519e4174576f3791, 0xfbe07cfb0c24ed8c, 0xb37d9f600cd835b8, 0xcb231c3874846a73}},
      {~std::uint64_t{0},
       {0x56ccf8ce948e27b2, 0xe68588432e5a5b90, 0xe3e9b5a48119ca8b, 0x460f19495532ae73, 0xa7d62040ea9263e1}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.seed);
    Generator generator(c.seed), uniform(c.seed);
    for (const std::uint64_t value : c.values) {
      CHECK(generator.next() == value);
      CHECK(uniform.uniform() == std::ldexp(static_cast<double>(value >> 11), -53));
    }
  }
  CHECK(Generator().next() == cases[0].values[0]);
}

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  attn::manual_seed(1);
  const Index n = 100'000;
  const Tensor x = attn::rand({n});
  check_all(
      x, [](float v) { return v >= 0 && v < 1; }, "in [0, 1)");
  int tenths[10] = {};
  for (const float v : x.values()) ++tenths[static_cast<int>(v * 10)];
  // A tenth is binomial with a deviation of √(n·0.1·0.9) = 95; six of them.
  for (const int count : tenths) CHECK(std::abs(count - 10'000) < 570);
  // This seed's first 64 bits begin with 25 ones: rounded to float, its 53-bit uniform number would be 1.
  attn::manual_seed(2254456);
  CHECK(attn::rand({1}).data()[0] < 1);
}

TEST_CASE("normal numbers have the moments of the standard normal, and no memory") {
  attn::manual_seed(2);
  const Index n = 100'000;
  const Tensor x = attn::randn({n});
  double moments[5] = {}, neighbours = 0, second = 0;
  int beyond = 0;
  for (Index i = 0; i < n; ++i) {
    const auto v = static_cast<double>(x.data()[i]);
    double power = v;
    for (int p = 1; p <= 4; ++p, power *= v) moments[p] += power / static_cast<double>(n);
    if (i > 0) neighbours += v * static_cast<double>(x.data()[i - 1]) / static_cast<double>(n);
    if (i > 1) second += v * static_cast<double>(x.data()[i - 2]) / static_cast<double>(n);
    beyond += std::abs(v) > 2;
  }
  // Deviations of the estimates: √(1, 2, 15, 96)/√n = 0.0032, 0.0045, 0.012, 0.031; five of them.
  CHECK(std::abs(moments[1]) < 0.016);
  CHECK(std::abs(moments[2] - 1) < 0.023);
  CHECK(std::abs(moments[3]) < 0.062);
  CHECK(std::abs(moments[4] - 3) < 0.16);
  CHECK(std::abs(neighbours) < 0.016);
  CHECK(std::abs(second) < 0.016);
  // 4.55 % lie beyond 2; a deviation is 66 of 4550.
  CHECK(std::abs(beyond - 4550) < 330);
}

TEST_CASE("a normal number is Box–Muller of two uniform ones, and its twin comes next") {
  Generator generator(5), uniform(5);
  const double u = 1 - uniform.uniform(), angle = 2 * 3.14159265358979323846 * uniform.uniform();
  const double first = generator.normal(), second = generator.normal();
  CHECK(std::abs(first - std::sqrt(-2 * std::log(u)) * std::cos(angle)) < 1e-12);
  CHECK(std::abs(second - std::sqrt(-2 * std::log(u)) * std::sin(angle)) < 1e-12);
  CHECK(generator.next() == uniform.next());
}

TEST_CASE("a seed repeats everything, half a pair of normal numbers included") {
  const auto sequence = [] {
    attn::manual_seed(7);
    const Tensor a = attn::randn({3}), b = attn::rand({2, 2}), c = attn::randn({2});
    return attn::cat({a, attn::reshape(b, {4}), c}, 0);
  };
  const Tensor first = sequence();
  attn::randn({1});  // leaves a spare behind, which the seed must forget
  check_same_bits(first, sequence());
  attn::manual_seed(8);
  CHECK(attn::randn({1}).data()[0] != first.data()[0]);
  CHECK(attn::rand({3, 0}).shape() == Shape{3, 0});
}
