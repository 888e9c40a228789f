// Unary and binary operators: every element wherever it stands, and how exact it is.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Binary;
using attn::ops::Unary;

namespace {

struct UnaryCase {
  Unary op;
  const char* name;
  double (*exact)(double);
  float low, high;
  double ulps;      ///< relative error: roundings of the result, 2 for each ulp
  double absolute;  ///< times |x|: where a sum such as 1 + erf cancels
};

constexpr double ulp = 2 * tolerance::rounding;

// exp, log, tanh: 2 ulp from the library. sigmoid and silu: those of exp, and 1 + e and the quotient half each;
// silu's product is the quotient's numerator. gelu: tests/native/accuracy_test.cpp has it in ulp; of |x|/2, Φ is off by
// its polynomial in a rounded quotient, 2.5 roundings, and its sum and product. gelu_tanh: as silu, of an argument z
// that is 5 roundings off at most; σ turns these into 5 z σ'(z) of |x|, and z σ'(z) <= 0.224.
const UnaryCase unary_cases[] = {
    {Unary::neg, "neg", [](double x) { return -x; }, -9, 9, 0, 0},
    {Unary::exp, "exp", [](double x) { return std::exp(x); }, -87, 88, 2, 0},
    {Unary::log, "log", [](double x) { return std::log(x); }, 1e-6f, 1e4f, 2, 0},
    {Unary::sqrt, "sqrt", [](double x) { return std::sqrt(x); }, 0, 1e4f, 0.5, 0},
    {Unary::tanh, "tanh", [](double x) { return std::tanh(x); }, -10, 10, 2, 0},
    {Unary::sigmoid, "sigmoid", reference::sigmoid, -80, 40, 3, 0},
    {Unary::relu, "relu", [](double x) { return x > 0 ? x : 0; }, -9, 9, 0, 0},
    {Unary::gelu, "gelu", reference::gelu, -9, 9, 1, 4 * tolerance::rounding},
    {Unary::silu, "silu", reference::silu, -80, 40, 3.5, 0},
    {Unary::gelu_tanh, "gelu_tanh", reference::gelu_tanh, -9, 9, 3.5, 1.2 * tolerance::rounding},
};

void check_unary(const UnaryCase& c, const Tensor& x) {
  const Array input = exact(x), want = reference::map(c.exact, input);
  Array bound = want;
  for (Index i = 0; i < bound.size(); ++i)
    bound[i] = c.ulps * ulp * std::abs(want[i]) + c.absolute * std::abs(input[i]) + (c.ulps > 0 ? tolerance::tiny : 0);
  check_close(attn::unary(c.op, x), want, bound);
}

struct BinaryCase {
  Binary op;
  const char* name;
  double (*exact)(double, double);
  double ulps;
};
// The four basic operations round once.
const BinaryCase binary_cases[] = {
    {Binary::add, "add", [](double a, double b) { return a + b; }, 0.5},
    {Binary::sub, "sub", [](double a, double b) { return a - b; }, 0.5},
    {Binary::mul, "mul", [](double a, double b) { return a * b; }, 0.5},
    {Binary::div, "div", [](double a, double b) { return a / b; }, 0.5},
    {Binary::pow, "pow", [](double a, double b) { return std::pow(a, b); }, 2},
};

void check_binary(const BinaryCase& c, const Tensor& a, const Tensor& b) {
  const Array want = reference::combine(c.exact, exact(a), exact(b));
  check_close(attn::binary(c.op, a, b), want,
              tolerance::sum(2 * c.ulps, reference::map([](double v) { return std::abs(v); }, want)));
}

}  // namespace

TEST_CASE("unary operators agree with std over their range, to the ulps that the table derives") {
  for (const auto& c : unary_cases) {
    CAPTURE(c.name);
    const Index n = 20000;
    Tensor x = Tensor::empty({n});
    for (Index i = 0; i < n; ++i)
      x.data()[i] = c.low + (c.high - c.low) * static_cast<float>(i) / static_cast<float>(n - 1);
    check_unary(c, x);
    check_unary(c, Random(1).tensor({n}, std::max(c.low, -1.0f), std::min(c.high, 1.0f)));
  }
}

TEST_CASE("unary operators treat every element alike, whatever the length, the offset and the strides") {
  for (const auto& c : unary_cases) {
    CAPTURE(c.name);
    for (const Index n : sizes_around_lanes()) {
      CAPTURE(n);
      const Tensor x = Random(2).tensor({n + 3}, 0.1f, 3);
      const Tensor whole = attn::unary(c.op, x);
      for (const Index offset : {0, 1, 2, 3}) {
        const Tensor part = attn::slice(x, 0, offset, offset + n);
        check_unary(c, part);
        check_same_bits(attn::unary(c.op, part), attn::contiguous(attn::slice(whole, 0, offset, offset + n)));
      }
    }
    const Tensor x = Random(3).tensor({7, 5, 9}, 0.1f, 3);
    check_unary(c, attn::permute(x, {2, 0, 1}));
    check_unary(c, attn::slice(attn::transpose(x, 0, 2), 1, 1, 4));
    check_unary(c, x.restrided({4, 5}, {0, 1}));
    check_unary(c, x.restrided({4, 5}, {1, 0}));
    check_unary(c, x.restrided({2500}, {0}));
    check_unary(c, attn::full({}, 0.5f));
    CHECK(attn::unary(c.op, attn::zeros({3, 0})).shape() == Shape{3, 0});
  }
  check_unary(unary_cases[1], attn::slice(Random(4).tensor({40001}), 0, 1, 40001));
  check_unary(unary_cases[1], attn::transpose(Random(4).tensor({33, 2100}), 0, 1));
}

TEST_CASE("unary operators at the edges of the numbers") {
  const Tensor x = tensor({0, -0.0f, kInf, -kInf, kNan}, {5});
  check_values(attn::unary(Unary::exp, x), {1, 1, kInf, 0, kNan});
  check_values(attn::unary(Unary::log, x), {-kInf, -kInf, kInf, kNan, kNan});
  check_values(attn::unary(Unary::sqrt, x), {0, 0, kInf, kNan, kNan});
  check_values(attn::unary(Unary::tanh, x), {0, 0, 1, -1, kNan});
  check_values(attn::unary(Unary::sigmoid, x), {0.5f, 0.5f, 1, 0, kNan});
  check_values(attn::unary(Unary::relu, x), {0, 0, kInf, 0, kNan});
  check_values(attn::unary(Unary::neg, x), {0, 0, -kInf, kInf, kNan});
  CHECK(attn::unary(Unary::gelu, x).data()[2] == kInf);
  CHECK(attn::unary(Unary::silu, x).data()[2] == kInf);
  CHECK(std::isnan(attn::unary(Unary::gelu, x).data()[4]));
  CHECK(std::isnan(attn::unary(Unary::silu, x).data()[4]));
  // Squares and cubes leave float32's range, results do not.
  check_values(attn::unary(Unary::gelu_tanh, tensor({0, -0.0f, kInf, 1e30f, -1e30f, kNan}, {6})),
               {0, 0, kInf, 1e30f, 0, kNan});
  check_values(attn::unary(Unary::exp, tensor({200, -200}, {2})), {kInf, 0});
  check_values(attn::unary(Unary::tanh, tensor({100, -100}, {2})), {1, -1});
  CHECK(std::signbit(attn::unary(Unary::neg, x).data()[0]));
}

TEST_CASE("binary operators at every length, offset, stride and broadcast") {
  for (const auto& c : binary_cases) {
    CAPTURE(c.name);
    for (const Index n : sizes_around_lanes()) {
      CAPTURE(n);
      const Tensor x = Random(5).tensor({n + 3}, 0.5f, 2), y = Random(6).tensor({n + 3}, -2, 2);
      for (const Index offset : {0, 1, 3}) {
        const Tensor a = attn::slice(x, 0, offset, offset + n), b = attn::slice(y, 0, 3 - offset, 3 - offset + n);
        check_binary(c, a, b);
        check_binary(c, a, attn::full({}, 1.5f));
        check_binary(c, attn::full({1}, 1.5f), b);
      }
    }
    Random random(7);
    const auto make = [&](const Shape& shape) { return random.tensor(shape, 0.5f, 2); };
    check_binary(c, make({4, 1}), make({3}));
    check_binary(c, make({3}), make({2, 4, 3}));
    check_binary(c, make({2, 1, 17}), make({5, 1}));
    check_binary(c, make({2, 3, 4, 5}), make({3, 1, 5}));
    check_binary(c, make({1, 1}), make({1}));
    check_binary(c, make({}), make({}));
    check_binary(c, attn::transpose(make({6, 19}), 0, 1), make({19, 6}));
    check_binary(c, make({19, 6}), attn::permute(make({6, 19}), {1, 0}));
    check_binary(c, make({8}).restrided({5, 8}, {0, 1}), make({5}).restrided({5, 8}, {1, 0}));
    check_binary(c, make({8}).restrided({5, 8}, {1, 0}), make({5}).restrided({5, 8}, {1, 0}));
    CHECK(attn::binary(c.op, make({0, 3}), make({1, 3})).shape() == Shape{0, 3});
    check_binary(c, make({30, 1300}), make({30, 1}));
  }
}

TEST_CASE("division and powers follow IEEE at the edges") {
  check_values(attn::binary(Binary::div, tensor({1, -1, 0, kInf, 1}, {5}), tensor({0, 0, 0, kInf, kInf}, {5})),
               {kInf, -kInf, kNan, kNan, 0});
  check_values(attn::binary(Binary::pow, tensor({-2, -2, 0, 5, 4, 0}, {6}), tensor({3, 2, 0, 0, -0.5f, -1}, {6})),
               {-8, 4, 1, 1, 0.5f, kInf});
  check_values(attn::binary(Binary::pow, tensor({1, 1, kNan, kInf, -kInf, -0.0f}, {6}),
                            tensor({kInf, kNan, 0, 0, -0.0f, 0}, {6})),
               {1, 1, 1, 1, 1, 1});
  check_values(attn::binary(Binary::pow, tensor({-2, kNan}, {2}), tensor({0.5f, 1}, {2})), {kNan, kNan});
  check_values(attn::binary(Binary::add, tensor({kInf, kNan}, {2}), tensor({-kInf, 1}, {2})), {kNan, kNan});
}

TEST_CASE("powers lose digits in proportion to their exponent of e, and no more") {
  Random random(8);
  Tensor a = Tensor::empty({20000});
  const Tensor b = random.tensor({20000}, -3, 3);
  for (float& v : a.values()) v = std::exp(random.uniform(-27, 27));
  const Array want = reference::combine([](double x, double y) { return std::pow(x, y); }, exact(a), exact(b));
  Array bound = want;
  // exp(y·ln x): the logarithm is off by 1 ulp and the product by half of one, which exp turns from absolute to
  // relative.
  for (Index i = 0; i < bound.size(); ++i)
    bound[i] = want[i] * (std::abs(std::log(want[i])) * 3 * tolerance::rounding + tolerance::function);
  check_close(attn::binary(Binary::pow, a, b), want, bound);
}

TEST_CASE("masked_fill replaces where the mask is not zero") {
  const Tensor x = attn::reshape(attn::arange(0, 6), {2, 3});
  check_values(attn::masked_fill(x, tensor({0, 1, 0}, {3}), -kInf), {0, -kInf, 2, 3, -kInf, 5});
  check_values(attn::masked_fill(x, tensor({0, 2}, {2, 1}), 7), {0, 1, 2, 7, 7, 7});
  check_values(attn::masked_fill(attn::transpose(x, 0, 1), tensor({0, 1}, {2}), 7), {0, 7, 1, 7, 2, 7});
  check_values(attn::masked_fill(attn::full({}, kNan), attn::ones({}), 1), {1});
  check_values(attn::masked_fill(x, integers({0, -3}, {2, 1}), 7), {0, 1, 2, 7, 7, 7});
  const Tensor filled = leaf({1, 2, 3});
  sum(attn::masked_fill(filled, attn::slice(integers({0, 0, 1, 0}), 0, 1, 4), 5)).backward();
  check_values(filled.grad(), {1, 0, 1});
  check_error(ErrorCode::shape, "masked_fill", {"[2,3]", "[2]"}, [&] { attn::masked_fill(x, attn::ones({2}), 0); });
  check_error(ErrorCode::shape, "masked_fill", {"[3]", "[2,3]"}, [&] { attn::masked_fill(attn::ones({3}), x, 0); });
}

TEST_CASE("elementwise operators refuse what does not fit, by name") {
  for (const auto& c : binary_cases) {
    check_error(ErrorCode::shape, c.name, {"[3]", "[3,2]"}, [&] {
      attn::binary(c.op, attn::zeros({3}), attn::zeros({3, 2}));
    });
    check_error(ErrorCode::type, c.name, {"float32", "int32"},
                [&] { attn::binary(c.op, attn::zeros({1}), integers({1})); });
    check_error(ErrorCode::type, c.name, {"float32", "int32"},
                [&] { attn::binary(c.op, integers({1}), attn::zeros({1})); });
  }
  for (const auto& c : unary_cases)
    check_error(ErrorCode::type, c.name, {"float32", "int32"}, [&] { attn::unary(c.op, integers({1})); });
  check_error(ErrorCode::type, "masked_fill", {"float32", "int32"},
              [] { attn::masked_fill(integers({1}), integers({1}), 0); });
}
