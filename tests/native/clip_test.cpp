// Clipping of gradients: what golden data cannot show.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
namespace optim = attn::optim;

TEST_CASE("clipping scales a shared gradient once, and not under whoever holds it") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4}), z = leaf({5});
  attn::binary(attn::ops::Binary::add, x, y).backward(attn::ones({2}));  // both gradients are ones, and one tensor
  z.set_grad(tensor({2}, {1}));
  const Tensor held = z.grad();
  const double norm = optim::clip_grad_norm({x, y, z}, std::sqrt(8.0) / 4);
  CHECK(norm == std::sqrt(8.0));
  for (const Tensor& parameter : {x, y, z})  // 1e-6 beside the norm, and the factor's and the product's roundings
    check_close(parameter.grad(),
                reference::map([](double g) { return g / 4; }, parameter.is(z) ? exact(held) : exact(attn::ones({2}))),
                0.5 * (1e-6 / norm + 2 * tolerance::rounding));
  check_values(held, {2});
  CHECK(optim::clip_grad_norm({x, y, z}, 100) == doctest::Approx(norm / 4).epsilon(1e-6));
}

TEST_CASE("a gradient that nobody else holds is clipped where it lies") {
  Tensor x = leaf({3, 4});
  x.set_grad(tensor({3, 4}, {2}));
  const float* const before = x.grad().data();
  CHECK(optim::clip_grad_norm({x}, 0) == 5);
  check_values(x.grad(), {0, 0});
  CHECK(x.grad().data() == before);
  x.set_grad(attn::transpose(tensor({1, 2, 3, 4}, {2, 2}), 0, 1).restrided({2}, {2}));  // a view with holes: 1, 3
  CHECK(optim::clip_grad_norm({x}, 1) == std::sqrt(10.0));
  CHECK(x.grad().data()[1] > x.grad().data()[0]);
  CHECK(x.grad().contiguous());
}

TEST_CASE("norms of huge and tiny gradients neither overflow nor vanish") {
  Tensor x = leaf({0, 0, 0, 0});
  for (const float size : {3e38f, 1e-38f}) {
    const auto s = static_cast<double>(size);
    x.set_grad(attn::full({4}, size));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf)) == doctest::Approx(2 * s).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), 1) == doctest::Approx(4 * s).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), 20) ==
          doctest::Approx(s * std::pow(4, 0.05)).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), static_cast<double>(kInf)) == s);
  }
  CHECK(optim::clip_grad_norm({leaf({1})}, 1) == 0);  // no gradient
}

TEST_CASE("norms count every element, the same for any number of threads") {
  Random random(8);
  Tensor x = leaf(random.tensor({50'001})), y = leaf(random.tensor({13}));
  for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInf)}) {
    double total = 0;
    for (const Tensor& parameter : {x, y}) {
      parameter.set_grad(random.tensor(parameter.shape()));
      for (const float g : parameter.grad().values()) {
        const double size = std::abs(static_cast<double>(g));
        total = std::isinf(p) ? std::max(total, size) : total + std::pow(size, p);
      }
    }
    const double want = std::isinf(p) ? total : std::pow(total, 1 / p);
    const double norm = optim::clip_grad_norm({x, y}, 1e9, p);
    CHECK(norm == doctest::Approx(want).epsilon(50'014 * 0x1p-53));
    for (const int n : thread_counts()) {
      const Threads threads(n);
      CHECK(optim::clip_grad_norm({x, y}, 1e9, p) == norm);
    }
  }
}

TEST_CASE("a norm that is not finite spoils the gradients as in PyTorch, or is refused") {
  Tensor x = leaf({1, 2});
  for (const float bad : {kNan, kInf})
    for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInf)}) {
      x.set_grad(tensor({1, bad}, {2}));
      check_error(ErrorCode::range, "clip_grad_norm", {"finite", std::isnan(bad) ? "nan" : "inf"},
                  [&] { optim::clip_grad_norm({x}, 1, p, true); });
      check_values(x.grad(), {1, bad});
      CHECK(!std::isfinite(optim::clip_grad_norm({x}, 1, p)));
      check_values(x.grad(), {std::isnan(bad) ? kNan : 0, kNan});
    }
  x.set_grad(attn::ones({2}));
  const auto refused = [&](std::string_view piece, double max_norm, double p, const std::vector<Tensor>& parameters) {
    check_error(ErrorCode::range, "clip_grad_norm", {piece}, [&] { optim::clip_grad_norm(parameters, max_norm, p); });
    check_values(x.grad(), {1, 1});
  };
  refused("max_norm", -1, 2, {x});
  refused("max_norm", static_cast<double>(kNan), 2, {x});
  refused("norm_type", 1, 0, {x});
  refused("once", 1, 2, {x, x});
  check_error(ErrorCode::type, "clip_grad_norm", {"int32"}, [&] { optim::clip_grad_norm({integers({1})}, 1); });
}
