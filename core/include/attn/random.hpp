#pragma once
// One seeded source of random numbers, the same on every target.

#include <array>
#include <cstdint>
#include <span>

namespace attn {

/// xoshiro256++ (Blackman & Vigna 2018, arXiv:1805.01407), seeded through SplitMix64.
/// Not std::mt19937 with std::normal_distribution: the standard leaves the distribution to each library.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0);

  std::uint64_t next();
  /// Uniform on [0, 1), 53 bits.
  double uniform();
  /// Standard normal, by Box–Muller; computed in double, so that targets differ by float rounding at most.
  double normal();

 private:
  std::array<std::uint64_t, 4> state_{};
  double spare_ = 0;
  bool has_spare_ = false;
};

/// The generator behind rand and randn; not for use from two threads at once.
Generator& default_generator();
void manual_seed(std::uint64_t seed);

}  // namespace attn
