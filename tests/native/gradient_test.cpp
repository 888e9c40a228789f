// The gradient of every operator against central differences.
#include <cmath>

#include "attention_helpers.hpp"
#include "gradient_helpers.hpp"

using namespace test;
using attn::ops::Binary;
using attn::ops::Reduction;
using attn::ops::Unary;

namespace {

using Tensors = std::vector<Tensor>;
using Arrays = std::vector<Array>;

Array elementwise(Unary f, const Array& x) {
  switch (f) {
    case Unary::neg: return reference::map([](double v) { return -v; }, x);
    case Unary::exp: return reference::map([](double v) { return std::exp(v); }, x);
    case Unary::log: return reference::map([](double v) { return std::log(v); }, x);
    case Unary::sqrt: return reference::map([](double v) { return std::sqrt(v); }, x);
    case Unary::tanh: return reference::map([](double v) { return std::tanh(v); }, x);
    case Unary::sigmoid: return reference::map(reference::sigmoid, x);
    case Unary::relu: return reference::map([](double v) { return v > 0 ? v : 0; }, x);
    case Unary::gelu: return reference::map(reference::gelu, x);
    case Unary::silu: return reference::map(reference::silu, x);
    case Unary::gelu_tanh: return reference::map(reference::gelu_tanh, x);
  }
  return x;
}
constexpr Unary all_unary[] = {Unary::neg,     Unary::exp,  Unary::log,  Unary::sqrt, Unary::tanh,
                               Unary::sigmoid, Unary::relu, Unary::gelu, Unary::silu, Unary::gelu_tanh};

Array elementwise(Binary f, const Array& a, const Array& b) {
  return reference::combine(
      [f](double x, double y) {
        switch (f) {
          case Binary::add: return x + y;
          case Binary::sub: return x - y;
          case Binary::mul: return x * y;
          case Binary::div: return x / y;
          case Binary::pow: return std::pow(x, y);
        }
        return x;
      },
      a, b);
}

/// x with its last two dimensions turned, and the first slice of the result along dimension 0.
Array turned(const Array& x) { return reference::transpose(x); }

}  // namespace

TEST_CASE("gradients of the elementwise functions, of inputs of any layout") {
  Random random(1);
  for (const Unary f : all_unary) {
    CAPTURE(name_of(f));
    const bool positive = f == Unary::log || f == Unary::sqrt;
    for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 37}}) {
      Tensor x = random.tensor(shape, positive ? 0.2f : -2, 2);
      for (float& v : x.values()) v += v >= 0 ? 0.05f : -0.05f;  // away from relu's corner
      check_gradients(random, {x},
                      {[f](const Tensors& in) { return attn::unary(f, in[0]); },
                       [f](const Arrays& in) { return elementwise(f, in[0]); }},
                      40);
    }
    const Tensor x = random.tensor({4, 5}, 0.2f, 2);
    check_gradients(random, {x},
                    {[f](const Tensors& in) { return attn::unary(f, attn::transpose(in[0], 0, 1)); },
                     [f](const Arrays& in) { return turned(elementwise(f, in[0])); }},
                    40);
  }
}

TEST_CASE("gradients of two operands are summed over what was broadcast") {
  Random random(2);
  for (const Binary f : {Binary::add, Binary::sub, Binary::mul, Binary::div, Binary::pow})
    for (const auto& [a, b] : std::initializer_list<std::pair<Shape, Shape>>{
             {{5}, {5}}, {{2, 3}, {3}}, {{3}, {2, 3}}, {{2, 1, 4}, {3, 1}}, {{}, {2, 2}}, {{2, 3}, {}}, {{1}, {4}}}) {
      CAPTURE(name_of(f));
      CAPTURE(attn::to_string(a));
      CAPTURE(attn::to_string(b));
      check_gradients(random, {random.tensor(a, 0.5f, 2), random.tensor(b, 0.5f, 2)},
                      {[f](const Tensors& in) { return attn::binary(f, in[0], in[1]); },
                       [f](const Arrays& in) { return elementwise(f, in[0], in[1]); }},
                      60);
    }
}

TEST_CASE("powers of 0 and to the 0 have the gradients that their limits have") {
  Tensor a = tensor({0, 0, 2, 0}, {4}), b = tensor({2, 1, 0, 0}, {4});
  a.set_requires_grad(true);
  b.set_requires_grad(true);
  attn::reduce(Reduction::sum, attn::binary(Binary::pow, a, b)).backward();
  check_values(a.grad(), {0, 1, 0, 0});
  CHECK(a.grad().data()[3] == 0);
  CHECK(std::abs(b.grad().data()[2] - std::log(2.0f)) < 1e-6f);
  for (const Index i : {0, 1, 3}) CHECK(b.grad().data()[i] == 0);
}

TEST_CASE("gradients of reductions, over every dimension and over all") {
  Random random(3);
  const Tensor x = random.tensor({2, 3, 37});
  for (Index dim = 0; dim < 3; ++dim) {
    CAPTURE(dim);
    for (const bool keepdim : {false, true}) {
      const auto check = [&](Reduction f, Array (*exact)(const Array&, Index)) {
        check_gradients(random, {x},
                        {[=](const Tensors& in) { return attn::reduce(f, in[0], dim, keepdim); },
                         [=](const Arrays& in) {
                           Array out = exact(in[0], dim);
                           if (keepdim) out.shape.insert(out.shape.begin() + dim, 1);
                           return out;
                         }},
                        4);
      };
      check(Reduction::sum, reference::sum);
      check(Reduction::mean, reference::mean);
      check(Reduction::max, reference::max);
    }
  }
  check_gradients(random, {random.tensor({3, 5})},
                  {[](const Tensors& in) { return attn::reduce(Reduction::mean, in[0]); },
                   [](const Arrays& in) {
                     const Array rows = reference::mean(in[0], 0);
                     return reference::mean(rows, 0);
                   }},
                  4);
}

TEST_CASE("gradients of changes of shape") {
  Random random(4);
  const auto reshaped = [](Shape shape) { return [shape](const Arrays& in) { return Array{shape, in[0].data}; }; };
  check_gradients(random, {random.tensor({3, 4})},
                  {[](const Tensors& in) {
                     return attn::reshape(in[0], {2, -1});
                   },
                   reshaped({2, 6})},
                  1);
  check_gradients(random, {random.tensor({3, 4})},
                  {[](const Tensors& in) { return attn::contiguous(attn::transpose(in[0], 0, 1)); },
                   [](const Arrays& in) { return turned(in[0]); }},
                  1);
  check_gradients(random, {random.tensor({1, 3, 4})},
                  {[](const Tensors& in) {
                     return attn::permute(in[0], {2, 0, 1});
                   },
                   [](const Arrays& in) {
                     Array out = turned({{3, 4}, in[0].data});
                     out.shape = {4, 1, 3};
                     return out;
                   }},
                  1);
  check_gradients(random, {random.tensor({5, 2})},
                  {[](const Tensors& in) { return attn::slice(in[0], 0, 1, -1); },
                   [](const Arrays& in) {
                     return Array{{3, 2}, {in[0].data.begin() + 2, in[0].data.begin() + 8}};
                   }},
                  1);
  check_gradients(random, {random.tensor({2, 3}), random.tensor({2, 1})},
                  {[](const Tensors& in) {
                     return attn::cat({in[0], in[1], in[0]}, 1);
                   },
                   [](const Arrays& in) {
                     Array out = reference::filled({2, 7}, 0);
                     for (Index r = 0; r < 2; ++r)
                       for (Index c = 0; c < 7; ++c)
                         out[r * 7 + c] = c < 3 ? in[0][r * 3 + c] : c == 3 ? in[1][r] : in[0][r * 3 + c - 4];
                     return out;
                   }},
                  4);
  check_gradients(random, {random.tensor({3}), random.tensor({3})},
                  {[](const Tensors& in) {
                     return attn::stack({in[0], in[1]}, 0);
                   },
                   [](const Arrays& in) {
                     Array out{{2, 3}, in[0].data};
                     out.data.insert(out.data.end(), in[1].data.begin(), in[1].data.end());
                     return out;
                   }},
                  1);
  check_gradients(random, {random.tensor({4, 3})},  // a row that is taken twice gathers from both
                  {[](const Tensors& in) {
                     return attn::index(in[0], integers({2, 0, 2}));
                   },
                   [](const Arrays& in) {
                     Array out = reference::filled({3, 3}, 0);
                     for (Index i = 0; i < 3; ++i)
                       for (Index j = 0; j < 3; ++j) out[i * 3 + j] = in[0][(i == 1 ? 0 : 2) * 3 + j];
                     return out;
                   }},
                  4);
  const Tensor mask = tensor({0, 1, 0}, {3});
  check_gradients(random, {random.tensor({2, 3})},
                  {[=](const Tensors& in) { return attn::masked_fill(in[0], mask, 7); },
                   [](const Arrays& in) {
                     Array out = in[0];
                     out[1] = out[4] = 7;
                     return out;
                   }},
                  1);
}

TEST_CASE("gradients of products") {
  Random random(5);
  for (const auto& [a, b] : std::initializer_list<std::pair<Shape, Shape>>{{{3, 4}, {4, 5}},
                                                                           {{2, 3, 4}, {4, 5}},
                                                                           {{2, 3, 4}, {2, 4, 5}},
                                                                           {{2, 1, 3, 4}, {3, 4, 2}},
                                                                           {{70, 9}, {9, 33}}}) {
    CAPTURE(attn::to_string(a));
    CAPTURE(attn::to_string(b));
    check_gradients(random, {random.tensor(a), random.tensor(b)},
                    {[](const Tensors& in) { return attn::matmul(in[0], in[1]); },
                     [](const Arrays& in) { return reference::matmul(in[0], in[1]); }},
                    100);
  }
  check_gradients(random, {random.tensor({4}), random.tensor({4, 3})},
                  {[](const Tensors& in) { return attn::matmul(in[0], in[1]); },
                   [](const Arrays& in) {
                     Array out = reference::matmul({{1, 4}, in[0].data}, in[1]);
                     out.shape = {3};
                     return out;
                   }},
                  10);
  check_gradients(random, {random.tensor({5, 4}), random.tensor({3, 4})},  // turned operands
                  {[](const Tensors& in) { return attn::matmul(in[0], attn::transpose(in[1], 0, 1)); },
                   [](const Arrays& in) { return reference::matmul(in[0], turned(in[1])); }},
                  10);
}

TEST_CASE("gradients of linear, with and without bias and activation") {
  Random random(6);
  std::vector<std::optional<Unary>> activations{std::nullopt};
  for (const Unary f : {Unary::relu, Unary::gelu, Unary::silu, Unary::tanh, Unary::sigmoid, Unary::gelu_tanh})
    activations.emplace_back(f);
  for (const std::optional<Unary> f : activations)
    for (const bool biased : {true, false})
      for (const Shape& shape : {Shape{4}, Shape{5, 4}, Shape{2, 3, 4}}) {
        CAPTURE(f ? name_of(*f) : "none");
        CAPTURE(attn::to_string(shape));
        Tensors inputs{random.tensor(shape), random.tensor({6, 4})};
        if (biased) inputs.push_back(random.tensor({6}));
        check_gradients(random, inputs,
                        {[&](const Tensors& in) { return attn::linear(in[0], in[1], biased ? in[2] : Tensor(), f); },
                         [&](const Arrays& in) {
                           const Index rows = in[0].size() / 4;
                           Array out = reference::matmul({{rows, 4}, in[0].data}, turned(in[1]));
                           if (biased) out = reference::combine([](double x, double y) { return x + y; }, out, in[2]);
                           if (f) out = elementwise(*f, out);
                           out.shape = shape;
                           out.shape.back() = 6;
                           return out;
                         }},
                        60);
      }
}

TEST_CASE("gradients of softmax, its logarithm, log-sum-exp and entropy") {
  Random random(7);
  const Tensor x = random.tensor({3, 20}, -3, 3);
  check_gradients(random, {x},
                  {[](const Tensors& in) { return attn::softmax(in[0], -1); },
                   [](const Arrays& in) { return reference::softmax(in[0]); }},
                  60);
  check_gradients(random, {x},
                  {[](const Tensors& in) { return attn::softmax(attn::transpose(in[0], 0, 1), 0); },
                   [](const Arrays& in) { return turned(reference::softmax(in[0])); }},
                  60);
  check_gradients(random, {x},
                  {[](const Tensors& in) { return attn::log_softmax(in[0], 1); },
                   [](const Arrays& in) { return reference::log_softmax(in[0]); }},
                  60);
  for (const bool keepdim : {false, true})
    check_gradients(random, {x},
                    {[=](const Tensors& in) { return attn::log_sum_exp(in[0], 1, keepdim); },
                     [=](const Arrays& in) {
                       Array out = reference::map([](double v) { return std::exp(v); }, in[0]);
                       out = reference::sum(out, 1);
                       if (keepdim) out.shape.push_back(1);
                       return reference::map([](double v) { return std::log(v); }, out);
                     }},
                    60);
  check_gradients(random, {random.tensor({2, 9}, 0.1f, 1)},
                  {[](const Tensors& in) { return attn::entropy(in[0]); },
                   [](const Arrays& in) { return reference::entropy(in[0]); }},
                  40);
}

namespace {

Array normalized(const Array& x, bool centred, double eps) {
  Array out = x;
  const Index n = x.shape.back();
  for (Index row = 0; row < x.size() / n; ++row) {
    double mean = 0, square = 0;
    for (Index i = 0; centred && i < n; ++i) mean += x[row * n + i] / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) square += std::pow(x[row * n + i] - mean, 2) / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) out[row * n + i] = (x[row * n + i] - mean) / std::sqrt(square + eps);
  }
  return out;
}

}  // namespace

TEST_CASE("gradients of the norms, of rows around the lanes and many of them") {
  Random random(8);
  const auto times = [](double a, double b) { return a * b; };
  const auto plus = [](double a, double b) { return a + b; };
  for (const Shape& shape : {Shape{2, 3}, Shape{3, 17}, Shape{2, 2, 33}, Shape{130, 4}, Shape{2, 300}}) {
    CAPTURE(attn::to_string(shape));
    const Tensors all{random.tensor(shape, -1, 3), random.tensor({shape.back()}), random.tensor({shape.back()})};
    for (const double eps : {1e-5, 0.1}) {
      check_gradients(random, all,
                      {[=](const Tensors& in) { return attn::layer_norm(in[0], in[1], in[2], eps); },
                       [=](const Arrays& in) {
                         return reference::combine(plus, reference::combine(times, normalized(in[0], true, eps), in[1]),
                                                   in[2]);
                       }},
                      80);
      check_gradients(random, {all[0]},
                      {[=](const Tensors& in) { return attn::layer_norm(in[0], {}, {}, eps); },
                       [=](const Arrays& in) { return normalized(in[0], true, eps); }},
                      80);
      check_gradients(
          random, {all[0], all[1]},
          {[=](const Tensors& in) { return attn::rms_norm(in[0], in[1], eps); },
           [=](const Arrays& in) { return reference::combine(times, normalized(in[0], false, eps), in[1]); }},
          80);
    }
  }
}

TEST_CASE("gradients of conv1d, with strides and padding") {
  Random random(9);
  for (const auto& [stride, padding] :
       std::initializer_list<std::pair<Index, Index>>{{1, 0}, {1, 2}, {2, 1}, {3, 0}, {9, 2}}) {
    CAPTURE(stride);
    CAPTURE(padding);
    check_gradients(random, {random.tensor({2, 3, 7}), random.tensor({4, 3, 3}), random.tensor({4})},
                    {[=](const Tensors& in) {
                       return attn::conv1d(in[0], in[1], in[2], {stride, padding});
                     },
                     [=](const Arrays& in) { return reference::conv1d(in[0], in[1], in[2], stride, padding); }},
                    40);
  }
}
