#pragma once
// What every topic needs: seeded inputs, comparisons, errors.

#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "attn/attn.hpp"
#include "function.hpp"
#include "reference.hpp"
#include "tolerance.hpp"

namespace test {

using attn::Index;
using attn::Shape;
using attn::Tensor;
using reference::Array;

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Independent of the core's own generator: SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  float uniform(float low = -1, float high = 1);
  Index integer(Index low, Index high);  ///< both included
  bool chance(double p) { return uniform(0, 1) < static_cast<float>(p); }
  Tensor tensor(const Shape& shape, float low = -1, float high = 1);

 private:
  std::uint64_t state_;
};

/// Of so many cases, those that there is time for: all, or under a sanitizer a share.
template <class Integer>
constexpr Integer share_of(Integer cases) {
  return cases / ATTN_SHARE;
}
/// Of choices multiplied, whether this case has its turn: each has, or under a sanitizer one in five, which leaves every
/// value of each choice.
inline bool in_turn(Index& cases) { return cases++ % (ATTN_SHARE == 1 ? 1 : 5) == 0; }

Tensor tensor(std::initializer_list<float> values, const Shape& shape);
Tensor integers(std::initializer_list<std::int32_t> values);
Tensor integers(std::initializer_list<std::int32_t> values, const Shape& shape);
Tensor leaf(Tensor x);  ///< x, which requires a gradient
Tensor leaf(std::initializer_list<float> values);
Tensor sum(const Tensor& x);
Tensor times(const Tensor& a, const Tensor& b);

/// The bytes of a file of tests/golden.
std::string read_golden(const std::string& name);

/// The same elements in the reference's form; strides are followed.
Array exact(const Tensor& x);

double largest(const Tensor& x);  ///< absolute value

/// Lengths at which a kernel's main loop and its tail meet: around 4, 8 and 16 lanes, and several registers of them.
std::vector<Index> sizes_around_lanes();

/// Every element within its tolerance; NaN and infinity must be met exactly.
void check_close(const Tensor& got, const Array& want, const Array& tolerance);
void check_close(const Tensor& got, const Array& want, double tolerance);
void check_same_bits(const Tensor& a, const Tensor& b);
void check_values(const Tensor& got, std::initializer_list<float> want);  ///< exactly; NaN equals NaN
void check_all(const Tensor& got, const Function<bool(float)>& condition, std::string_view what);

/// `run` throws Error with this code, from this operator, and the message has each of these pieces in it.
void check_error(attn::ErrorCode code, std::string_view op, std::initializer_list<std::string_view> pieces,
                 const Function<void()>& run);

/// Threads for as long as it lives.
class Threads {
 public:
  explicit Threads(int n) : before_(attn::num_threads()) { attn::set_num_threads(n); }
  ~Threads() { attn::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};
/// Of {1, 2, 3, 4, 8}, what this target can start: WASM without threads has 1.
std::vector<int> thread_counts();

}  // namespace test
