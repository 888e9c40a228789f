// softmax, log_softmax and the entropy of rows.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

void check_softmax(const Tensor& x) {
  const Array in = exact(x), want = reference::softmax(in);
  check_close(attn::softmax(x, -1), want, tolerance::softmax(in, want));
  // x - m - ln Σ: two subtractions, each of what lies between 0 and the result, and the logarithm of a sum whose
  // relative error is the softmax's own, at most (n + 2) roundings and an exp, beside the exponents' |x - m|.
  const Array logs = reference::log_softmax(in);
  const double n = static_cast<double>(x.size(-1));
  Array bound = logs;
  double spread = 0;
  for (const double v : logs.data)
    if (std::isfinite(v)) spread = std::max(spread, std::abs(v));
  for (double& b : bound.data)
    b = (n + 4 + 2 * tolerance::function / tolerance::rounding + 3 * spread + std::log(n + 1)) * tolerance::rounding;
  check_close(attn::log_softmax(x, -1), logs, bound);
}

}  // namespace

TEST_CASE("softmax and log_softmax at lengths around the lanes") {
  Random random(1);
  for (const Index n : sizes_around_lanes()) {
    CAPTURE(n);
    check_softmax(random.tensor({3, n}, -4, 4));
    check_softmax(attn::slice(random.tensor({n + 3}, -4, 4), 0, 3, n + 3));
    check_softmax(random.tensor({2, n}, -80, 80));
  }
  check_softmax(random.tensor({2, 3, 4, 5}));
  check_softmax(random.tensor({1, 5000}));
  check_softmax(random.tensor({2000, 3}));
}

TEST_CASE("softmax over any dimension is softmax over the last of the tensor turned") {
  const Tensor x = Random(2).tensor({3, 4, 5});
  for (const Index dim : {0, 1, 2, -1, -2, -3}) {
    const Tensor turned = attn::contiguous(attn::transpose(x, dim, 2));
    check_same_bits(attn::contiguous(attn::softmax(x, dim)), attn::contiguous(attn::transpose(attn::softmax(turned, 2), dim, 2)));
    check_same_bits(attn::contiguous(attn::log_softmax(x, dim)),
                    attn::contiguous(attn::transpose(attn::log_softmax(turned, 2), dim, 2)));
  }
}

TEST_CASE("softmax of masked, infinite and undefined scores") {
  for (const Index n : {1, 3, 4, 8, 9, 17}) {
    CAPTURE(n);
    check_all(attn::softmax(attn::full({2, n}, -kInf), 1), [](float w) { return w == 0; }, "0");
    check_all(attn::log_softmax(attn::full({2, n}, -kInf), 1), [](float w) { return w == -kInf; }, "-inf");
    for (const float bad : {kNan, kInf})
      for (Index at = 0; at < n; ++at) {
        Tensor x = attn::zeros({2, n});
        x.data()[at] = bad;
        for (const Tensor& out : {attn::softmax(x, 1), attn::log_softmax(x, 1)}) {
          check_all(attn::slice(out, 0, 0, 1), [](float w) { return std::isnan(w); }, "NaN");
          check_all(attn::slice(out, 0, 1, 2), [](float w) { return !std::isnan(w); }, "a number");
        }
      }
  }
  check_values(attn::softmax(tensor({-kInf, 2, -kInf, 2}, {4}), 0), {0, 0.5f, 0, 0.5f});
  CHECK(attn::log_softmax(tensor({-kInf, 2}, {2}), 0).data()[0] == -kInf);
  CHECK(attn::softmax(attn::zeros({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(attn::softmax(attn::zeros({0, 2}), 1).shape() == Shape{0, 2});
}

TEST_CASE("huge scores neither overflow nor lose their order") {
  check_values(attn::softmax(tensor({1e30f, -1e30f, 1e30f}, {3}), 0), {0.5f, 0, 0.5f});
  check_values(attn::softmax(tensor({-1e30f, -2e30f}, {2}), 0), {1, 0});
  check_values(attn::log_softmax(tensor({1e4f, 0}, {2}), 0), {0, -1e4f});
  check_softmax(Random(3).tensor({4, 33}, -1e4f, 1e4f));
}

TEST_CASE("softmax does not change when a constant is added to every score") {
  const Tensor x = attn::unary(attn::ops::Unary::neg, attn::reshape(attn::arange(0, 36), {3, 12}));
  // Whole numbers below 2^24, so the shift itself rounds nothing.
  const Tensor shifted = attn::binary(attn::ops::Binary::add, x, attn::full({}, 4096));
  check_same_bits(attn::softmax(x, 1), attn::softmax(shifted, 1));
}

TEST_CASE("the entropy of a row is counted in nats") {
  Random random(4);
  for (const Index n : sizes_around_lanes()) {
    CAPTURE(n);
    const Tensor w = attn::softmax(random.tensor({3, n}, -3, 3), 1);
    // Every term w ln w is negative: its logarithm is off by 4 roundings, its product by 1, and n more add it up.
    const Array want = reference::entropy(exact(w));
    check_close(attn::entropy(w), want, tolerance::sum(5 + static_cast<double>(n), want));
  }
  check_values(attn::entropy(tensor({0, 1, 0, 0}, {2, 2})), {0, 0});
  CHECK(std::abs(attn::entropy(attn::full({5}, 0.2f)).data()[0] - std::log(5.0f)) <= 1e-6f);
  CHECK(std::isnan(attn::entropy(tensor({-0.5f, 1.5f}, {2})).data()[0]));
  CHECK(std::isnan(attn::entropy(tensor({kNan, 1}, {2})).data()[0]));
  check_values(attn::entropy(attn::zeros({2, 0})), {0, 0});
  CHECK(attn::entropy(attn::zeros({2, 3, 4})).shape() == Shape{2, 3});
  check_values(attn::entropy(attn::transpose(tensor({1, 0, 0, 0}, {2, 2}), 0, 1)), {0, 0});
}

TEST_CASE("row operators refuse what they cannot do") {
  check_error(ErrorCode::range, "softmax", {"2"}, [] { attn::softmax(attn::zeros({2, 3}), 2); });
  check_error(ErrorCode::range, "log_softmax", {"-3"}, [] { attn::log_softmax(attn::zeros({2, 3}), -3); });
  check_error(ErrorCode::type, "softmax", {"float32", "int32"}, [] { attn::softmax(integers({1}), 0); });
  check_error(ErrorCode::type, "log_softmax", {"float32", "int32"}, [] { attn::log_softmax(integers({1}), 0); });
  check_error(ErrorCode::type, "entropy", {"float32", "int32"}, [] { attn::entropy(integers({1})); });
  check_error(ErrorCode::shape, "entropy", {"[]"}, [] { attn::entropy(attn::full({}, 1)); });
}
