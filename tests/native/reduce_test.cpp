// Sums, means and maxima.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Reduction;

namespace {

double absolute(double x) { return std::abs(x); }

/// Within a block of 1024 a term passes at most that many additions, blocks add up in double, and the result rounds
/// once more; the mean divides in double.
void check_reductions(const Tensor& x, Index dim) {
  const Array in = exact(x);
  const Index at = dim < 0 ? dim + x.rank() : dim, n = x.size(dim);
  const auto bound = [&](const Array& magnitude) {
    return tolerance::sum(static_cast<double>(std::min<Index>(n, 1024)) + 1, magnitude);
  };
  check_close(attn::reduce(Reduction::sum, x, dim), reference::sum(in, at), bound(reference::sum(reference::map(absolute, in), at)));
  if (n == 0) return;
  check_close(attn::reduce(Reduction::mean, x, dim), reference::mean(in, at), bound(reference::mean(reference::map(absolute, in), at)));
  check_close(attn::reduce(Reduction::max, x, dim), reference::max(in, at), 0.0);
}

}  // namespace

TEST_CASE("reductions over one dimension, at lengths around the lanes and the block") {
  for (const Index n : sizes_around_lanes()) {
    CAPTURE(n);
    Random random(1);
    check_reductions(random.tensor({n}), 0);
    check_reductions(random.tensor({3, n}), 1);
    check_reductions(random.tensor({n, 3}), 0);
    check_reductions(random.tensor({2, n, 5}), -2);
    check_reductions(attn::transpose(random.tensor({n, 4}), 0, 1), 1);
    check_reductions(attn::slice(random.tensor({n + 3}), 0, 3, n + 3), 0);
  }
  for (const Index n : {1023, 1024, 1025, 5000}) {
    CAPTURE(n);
    check_reductions(Random(2).tensor({2, n}), 1);
    check_reductions(Random(2).tensor({n, 2}), 0);
  }
  check_reductions(attn::zeros({0, 3}), 1);
}

TEST_CASE("a maximum is found wherever it stands, below zero too") {
  for (const Index n : sizes_around_lanes())
    for (Index at = 0; at < n; ++at) {
      Tensor x = attn::full({n}, -5);
      x.data()[at] = -2;
      const float found = attn::reduce(Reduction::max, x).data()[0];
      if (found != -2) FAIL_CHECK("n " << n << " at " << at << ": " << found);
      x.data()[at] = kNan;
      if (!std::isnan(attn::reduce(Reduction::max, x).data()[0])) FAIL_CHECK("NaN lost, n " << n << " at " << at);
    }
  check_values(attn::reduce(Reduction::max, tensor({-kInf, -kInf}, {2})), {-kInf});
  check_values(attn::reduce(Reduction::max, tensor({1, kInf}, {2})), {kInf});
}

TEST_CASE("a long sum keeps what float32 alone would lose") {
  const Index n = 1 << 20;
  Tensor x = attn::ones({n});
  x.data()[0] = 0x1p24f;  // from here on, adding 1 in float32 changes nothing
  // At most the other 1023 elements of the first block are lost; the result itself rounds to an even number.
  CHECK(std::abs(attn::reduce(Reduction::sum, x).data()[0] - (0x1p24f + static_cast<float>(n - 1))) <= 1024);
}

TEST_CASE("reductions over everything, and dimensions kept") {
  const Tensor x = attn::reshape(attn::arange(0, 6), {2, 3});
  CHECK(attn::reduce(Reduction::sum, x).shape() == Shape{});
  check_values(attn::reduce(Reduction::sum, x), {15});
  check_values(attn::reduce(Reduction::mean, x), {2.5f});
  check_values(attn::reduce(Reduction::max, x), {5});
  CHECK(attn::reduce(Reduction::sum, x, {}, true).shape() == Shape{1, 1});
  CHECK(attn::reduce(Reduction::sum, x, 0, true).shape() == Shape{1, 3});
  CHECK(attn::reduce(Reduction::sum, x, -1, true).shape() == Shape{2, 1});
  check_values(attn::reduce(Reduction::mean, x, 0), {1.5f, 2.5f, 3.5f});
  check_values(attn::reduce(Reduction::max, attn::full({}, 4)), {4});
  check_values(attn::reduce(Reduction::sum, attn::zeros({0})), {0});
  CHECK(attn::reduce(Reduction::sum, attn::zeros({0, 2}), 0).shape() == Shape{2});
  CHECK(std::isnan(attn::reduce(Reduction::mean, attn::zeros({0})).data()[0]));
  check_values(attn::reduce(Reduction::sum, tensor({1, kNan}, {2})), {kNan});
}

TEST_CASE("reductions refuse what they cannot do") {
  check_error(ErrorCode::range, "max", {"0 elements"}, [] { attn::reduce(Reduction::max, attn::zeros({0})); });
  check_error(ErrorCode::range, "max", {}, [] { attn::reduce(Reduction::max, attn::zeros({2, 0}), 1); });
  check_error(ErrorCode::range, "sum", {"2"}, [] { attn::reduce(Reduction::sum, attn::zeros({2, 3}), 2); });
  check_error(ErrorCode::range, "mean", {"-3"}, [] { attn::reduce(Reduction::mean, attn::zeros({2, 3}), -3); });
  check_error(ErrorCode::type, "sum", {"float32", "int32"}, [] { attn::reduce(Reduction::sum, integers({1})); });
}
