// The engine by itself: what is added up, what is freed, what is refused.
#include "attn/autograd.hpp"

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Binary;
using attn::ops::Reduction;
using attn::ops::Unary;

namespace {

Tensor plus(const Tensor& a, const Tensor& b) { return attn::binary(Binary::add, a, b); }

}  // namespace

TEST_CASE("gradients add up: over uses, over paths, and over calls until they are set anew") {
  Tensor x = leaf({1, 2, 3});
  const Tensor square = times(x, x);
  sum(plus(square, times(square, x))).backward();  // x² + x³
  check_values(x.grad(), {5, 16, 33});
  sum(x).backward();
  check_values(x.grad(), {6, 17, 34});
  x.set_grad({});
  CHECK(!x.grad().defined());
  sum(x).backward();
  check_values(x.grad(), {1, 1, 1});
}

TEST_CASE("a gradient that somebody holds does not change under them, nor do two leaves share one") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4});
  sum(plus(x, y)).backward();
  const Tensor held = x.grad();
  sum(times(x, y)).backward();
  check_values(held, {1, 1});
  check_values(x.grad(), {4, 5});
  check_values(y.grad(), {2, 3});
}

TEST_CASE("every leaf has a gradient of its own, which may be written to") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4});
  const Tensor start = tensor({5, 6}, {2});
  plus(x, y).backward(start);
  x.grad().data()[0] = 100;
  check_values(y.grad(), {5, 6});
  y.set_grad({});
  attn::reshape(y, {2, 1}).backward(attn::reshape(start, {2, 1}));
  start.data()[0] = 200;
  check_values(y.grad(), {5, 6});
  x.set_grad({});
  x.backward(start);
  start.data()[0] = 300;
  check_values(x.grad(), {200, 6});
}

TEST_CASE("a result with more than one element takes the gradient to start from") {
  Tensor x = leaf({1, 2});
  times(x, x).backward(tensor({10, 100}, {2}));
  check_values(x.grad(), {20, 400});
  check_error(ErrorCode::shape, "backward", {"[2]"}, [&] { times(x, x).backward(); });
  check_error(ErrorCode::shape, "backward", {"[2]", "[3]"}, [&] { times(x, x).backward(attn::ones({3})); });
  check_values(x.grad(), {20, 400});
}

TEST_CASE("nothing is noted where no gradient is wanted") {
  Tensor x = leaf({1, 2});
  const Tensor constant = tensor({1, 2}, {2});
  CHECK(!times(constant, constant).requires_grad());
  CHECK(times(x, constant).requires_grad());
  CHECK(!times(x, constant).detach().requires_grad());
  {
    const attn::NoGrad quiet;
    CHECK(!times(x, x).requires_grad());
    { const attn::NoGrad again; }
    CHECK(!attn::grad_enabled());
  }
  CHECK(times(x, x).requires_grad());
  sum(times(x, constant)).backward();
  CHECK(!constant.grad().defined());
  check_error(ErrorCode::unsupported, "backward", {"nothing to differentiate"}, [&] { sum(constant).backward(); });
}

TEST_CASE("only leaves of float32 are told to require a gradient") {
  Tensor x = leaf({1});
  Tensor y = times(x, x);
  check_error(ErrorCode::unsupported, "requires_grad", {"[1]"}, [&] { y.set_requires_grad(false); });
  Tensor whole = integers({1});
  check_error(ErrorCode::type, "requires_grad", {"float32"}, [&] { whole.set_requires_grad(true); });
  CHECK(x.is_leaf());
  CHECK(!y.is_leaf());
  check_error(ErrorCode::shape, "grad", {"[1]", "[2]"}, [&] { x.set_grad(attn::ones({2})); });
  const Tensor integers = attn::ones(x.shape(), attn::DType::int32);
  check_error(ErrorCode::type, "grad", {"float32", "int32"}, [&] { x.set_grad(integers); });
  check_error(ErrorCode::type, "backward", {"float32", "int32"}, [&] { x.backward(integers); });
}

TEST_CASE("backward twice is refused, unless the graph was retained") {
  Tensor x = leaf({3});
  const Tensor y = attn::unary(Unary::exp, times(x, x));
  y.backward({}, true);
  const float once = x.grad().data()[0];
  y.backward();
  CHECK(x.grad().data()[0] == 2 * once);
  check_error(ErrorCode::unsupported, "backward", {"freed"}, [&] { y.backward(); });
  CHECK(x.grad().data()[0] == 2 * once);
  check_error(ErrorCode::unsupported, "backward", {"mul", "freed"}, [&] {  // a part of a new graph
    const Tensor z = times(x, x);
    sum(z).backward();
    plus(z, x).backward();
  });
}

TEST_CASE("a tensor that was written to since the forward pass is noticed") {
  Tensor x = leaf({2, 3});
  const Tensor y = sum(times(x, x));
  x.data()[0] = 100;
  x.written();
  check_error(ErrorCode::unsupported, "backward", {"[2]", "written"}, [&] { y.backward(); });
  CHECK(!x.grad().defined());
  const Tensor z = sum(plus(x, x));  // whose gradient needs no values
  x.written();
  z.backward();
  check_values(x.grad(), {2, 2});
}

TEST_CASE("slices of one tensor add to its gradient where they stand") {
  Tensor x = attn::zeros({3, 4, 5});
  x.set_requires_grad(true);
  for (Index dim = 0; dim < 3; ++dim) {
    const Index size = x.size(dim);
    Tensor total = attn::zeros({});
    for (Index i = 0; i < size; ++i)  // the last twice, the first with what follows it
      total = plus(total,
                   times(sum(attn::slice(x, dim, i, i == 0 ? 2 : i + 1)), attn::full({}, static_cast<float>(i + 1))));
    total = plus(total, sum(attn::slice(x, dim, -1, size)));
    total.backward();
    const Tensor along = attn::transpose(x.grad(), dim, 0);
    for (Index i = 0; i < size; ++i) {
      const float want = static_cast<float>(i + 1 + (i == 1) + (i == size - 1));
      check_all(
          attn::slice(along, 0, i, i + 1), [=](float v) { return v == want; }, "what their slices gave");
    }
    x.set_grad({});
  }
}

TEST_CASE("a graph frees what it kept: after backward, and with the last tensor that leads to it") {
  const std::size_t before = attn::tensor_bytes();
  {
    Tensor x = leaf({1, 2, 3});
    const std::size_t alone = attn::tensor_bytes();
    Tensor y = sum(attn::unary(Unary::exp, times(x, x)));
    y.backward();
    x.set_grad({});
    CHECK(attn::tensor_bytes() == alone + 4);  // y itself
    y = sum(attn::unary(Unary::tanh, times(x, x)));
    y = {};
    CHECK(attn::tensor_bytes() == alone);
  }
  CHECK(attn::tensor_bytes() == before);
}

TEST_CASE("a long chain of operators runs back and is freed without nested calls") {
  // Nested, a call for each would need more than the stack: 8 MB natively, and a sanitizer's calls take the more of it.
  constexpr int length = share_of(200000);
  Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < length; ++i) y = plus(y, x);
  y.backward();
  check_values(x.grad(), {length + 1});
  for (const Binary f : {Binary::add, Binary::mul}) {  // of which the second keeps what made it
    y = x;
    for (int i = 0; i < length; ++i) y = attn::binary(f, y, x);
    y = {};
  }
}

TEST_CASE("the first NaN is told, forward and backward, when asked") {
  struct Anomaly {
    Anomaly() { attn::set_detect_anomaly(true); }
    ~Anomaly() { attn::set_detect_anomaly(false); }
  };
  Tensor x = leaf({-1, 1}), zero = leaf({0});
  attn::unary(Unary::sqrt, x);  // not asked
  const Anomaly on;
  check_error(ErrorCode::range, "sqrt", {"NaN", "[2]"}, [&] { sum(attn::unary(Unary::sqrt, x)).backward(); });
  // sqrt'(0) = inf, times 0.
  const Tensor y = times(attn::unary(Unary::sqrt, zero), attn::zeros({1}));
  check_error(ErrorCode::range, "sqrt", {"NaN", "gradient"}, [&] { y.backward(); });
  CHECK(!zero.grad().defined());
  sum(times(x, x)).backward();
  check_values(x.grad(), {-2, 2});
}
