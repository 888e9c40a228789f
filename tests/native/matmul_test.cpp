// Products of matrices, plain, batched and broadcast; the linear layer.
#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

void check_matmul(const Tensor& a, const Tensor& b) {
  const Array x = exact(a), y = exact(b);
  check_close(attn::matmul(a, b), reference::matmul(x, y), tolerance::matmul(x, y));
}

}  // namespace

TEST_CASE("matmul of every size from 1 to 20") {
  Random random(1);
  for (Index m = 1; m <= 20; m += m < 4 ? 1 : 4)
    for (Index k = 1; k <= 20; ++k)
      for (Index n = 1; n <= 20; ++n) {
        CAPTURE(m);
        CAPTURE(k);
        CAPTURE(n);
        check_matmul(random.tensor({m, k}), random.tensor({k, n}));
      }
}

TEST_CASE("matmul across lane tails and pieces of work") {
  Random random(2);
  for (const Index n : sizes_around_lanes()) {
    CAPTURE(n);
    check_matmul(random.tensor({3, 5}), random.tensor({5, n}));
    check_matmul(random.tensor({3, n}), random.tensor({n, 5}));
    check_matmul(random.tensor({n, 3}), random.tensor({3, 5}));
    check_matmul(attn::slice(random.tensor({3, n + 1}), 1, 1, n + 1), attn::transpose(random.tensor({6, n}), 0, 1));
  }
  check_matmul(random.tensor({70, 90}), random.tensor({90, 130}));
}

TEST_CASE("matmul broadcasts its leading dimensions") {
  Random random(3);
  const auto make = [&](const Shape& shape) { return random.tensor(shape); };
  check_matmul(make({4, 2, 3}), make({4, 3, 5}));
  check_matmul(make({4, 2, 3}), make({3, 5}));
  check_matmul(make({2, 3}), make({4, 3, 5}));
  check_matmul(make({2, 1, 2, 3}), make({3, 3, 5}));
  check_matmul(make({1, 4, 2, 3}), make({2, 1, 3, 5}));
  check_matmul(make({5, 2, 2, 3}), make({5, 2, 3, 1}));
  check_matmul(attn::permute(make({3, 4, 2}), {1, 2, 0}), make({4, 3, 2}));
}

TEST_CASE("a rank-1 side of matmul is a row or a column that the result leaves out") {
  const Tensor a = attn::reshape(attn::arange(0, 6), {2, 3}), v = attn::arange(1, 4), u = attn::arange(1, 3);
  CHECK(attn::matmul(v, v).shape() == Shape{});
  check_values(attn::matmul(v, v), {14});
  CHECK(attn::matmul(a, v).shape() == Shape{2});
  check_values(attn::matmul(a, v), {8, 26});
  CHECK(attn::matmul(u, a).shape() == Shape{3});
  check_values(attn::matmul(u, a), {6, 9, 12});
  const Tensor batch = attn::stack({a, a}, 0);
  CHECK(attn::matmul(batch, v).shape() == Shape{2, 2});
  check_values(attn::matmul(batch, v), {8, 26, 8, 26});
  CHECK(attn::matmul(u, batch).shape() == Shape{2, 3});
  check_values(attn::matmul(u, batch), {6, 9, 12, 6, 9, 12});
}

TEST_CASE("matmul of nothing is nothing, and a sum of nothing is 0") {
  CHECK(attn::matmul(attn::zeros({0, 3}), attn::zeros({3, 2})).shape() == Shape{0, 2});
  CHECK(attn::matmul(attn::zeros({2, 3}), attn::zeros({3, 0})).shape() == Shape{2, 0});
  check_values(attn::matmul(attn::zeros({2, 0}), attn::zeros({0, 2})), {0, 0, 0, 0});
  CHECK(attn::matmul(attn::zeros({0, 2, 3}), attn::zeros({3, 2})).shape() == Shape{0, 2, 2});
}

TEST_CASE("NaN stays in its row or column") {
  Tensor a = attn::ones({3, 17}), b = attn::ones({17, 19});
  a.data()[17 + 4] = kNan;
  b.data()[5 * 19 + 18] = kNan;
  const Tensor out = attn::matmul(a, b);
  for (Index m = 0; m < 3; ++m)
    for (Index n = 0; n < 19; ++n) {
      const float x = out.data()[m * 19 + n];
      if (m == 1 || n == 18 ? x == x : x != 17) FAIL_CHECK("row " << m << " column " << n << ": " << x);
    }
}

TEST_CASE("linear is x Wᵀ + b over the last dimension") {
  Random random(4);
  const Tensor x = random.tensor({2, 3, 5}), weight = random.tensor({4, 5}), bias = random.tensor({4});
  const Array in = exact(x), turned = reference::transpose(exact(weight));
  const Array product = reference::matmul(in, turned);
  check_close(attn::linear(x, weight), product, tolerance::matmul(in, turned));
  const Array want = reference::combine([](double a, double b) { return a + b; }, product, exact(bias));
  // One more addition: each term passes 6 roundings.
  const Array magnitude = reference::map([](double bound) { return (bound / (5 * tolerance::rounding) + 1); }, tolerance::matmul(in, turned));
  check_close(attn::linear(x, weight, bias), want, tolerance::sum(6, magnitude));
  CHECK(attn::linear(attn::zeros({5}), weight, bias).shape() == Shape{4});
  check_error(ErrorCode::shape, "linear", {"[2,3,5]", "[5,4]"}, [&] { attn::linear(x, attn::zeros({5, 4})); });
  check_error(ErrorCode::shape, "linear", {"[4,5]", "[5]"}, [&] { attn::linear(x, weight, attn::zeros({5})); });
  check_error(ErrorCode::shape, "linear", {"[5]"}, [&] { attn::linear(x, attn::zeros({5})); });
}

TEST_CASE("matmul refuses what does not fit, and writes nothing") {
  check_error(ErrorCode::shape, "matmul", {"[2,3]", "[2,3]"}, [] { attn::matmul(attn::zeros({2, 3}), attn::zeros({2, 3})); });
  check_error(ErrorCode::shape, "matmul", {"[2,3]", "[2]"}, [] { attn::matmul(attn::zeros({2, 3}), attn::zeros({2})); });
  check_error(ErrorCode::shape, "matmul", {"[3]", "[2,3]"}, [] { attn::matmul(attn::zeros({3}), attn::zeros({2, 3})); });
  check_error(ErrorCode::shape, "matmul", {"[2]", "[3]"}, [] { attn::matmul(attn::zeros({2, 1, 1}), attn::zeros({3, 1, 1})); });
  check_error(ErrorCode::shape, "matmul", {"[]", "[3]"}, [] { attn::matmul(attn::full({}, 1), attn::zeros({3})); });
  check_error(ErrorCode::shape, "matmul", {"[3]", "[]"}, [] { attn::matmul(attn::zeros({3}), attn::full({}, 1)); });
  check_error(ErrorCode::type, "matmul", {"float32", "int32"}, [] { attn::matmul(attn::zeros({1}), integers({1})); });
  const Tensor a = attn::zeros({2, 3}), out = attn::full({2, 3}, 7);
  check_error(ErrorCode::shape, "matmul", {"[2,3]"}, [&] { attn::ops::matmul(a.view(), a.view(), out.out()); });
  check_all(out, [](float x) { return x == 7; }, "untouched");
}
