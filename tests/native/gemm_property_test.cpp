// Products of matrices of random sizes, strides and offsets against the reference: every mixture of row-major, turned,
// sliced and repeated operands.
#include "attn/instruction_set.hpp"
#include "helpers.hpp"

using namespace test;

namespace {

/// A random matrix [rows,columns] that is a window of a larger one, perhaps turned.
Tensor random_view(Random& random, Index rows, Index columns) {
  const bool turned = random.chance(0.5);
  const Index height = turned ? columns : rows, width = turned ? rows : columns;
  const Index above = random.integer(0, 3), left = random.integer(0, 17);
  const Tensor whole = random.tensor({above + height + random.integer(0, 3), left + width + random.integer(0, 17)});
  const Tensor window = attn::slice(attn::slice(whole, 0, above, above + height), 1, left, left + width);
  return turned ? attn::transpose(window, 0, 1) : window;
}

/// [m,k] · [k,n] of random layouts.
void check_product(Random& random, Index m, Index n, Index k) {
  const Tensor a = random_view(random, m, k), b = random_view(random, k, n);
  check_close(attn::matmul(a, b), reference::matmul(exact(a), exact(b)), tolerance::matmul(exact(a), exact(b)));
}

}  // namespace

TEST_CASE("random products of sizes up to 200, of any layout") {
  for (std::uint64_t seed = 0; seed < share_of<std::uint64_t>(150); ++seed) {
    CAPTURE(seed);
    Random random(5000 + seed);
    const Index m = random.integer(1, 200), n = random.integer(1, 200), k = random.integer(0, 200);
    CAPTURE(attn::to_string({m, n, k}));
    check_product(random, m, n, k);
  }
}

TEST_CASE("products deeper than a block of k, and of very few rows") {
  Random random(1);
  for (const Index k : {255, 256, 257, 511, 512, 513, 1000})
    for (const Index m : {1, 2, 3, 4, 5, 13, 100}) {
      CAPTURE(k);
      CAPTURE(m);
      check_product(random, m, 37, k);
    }
}

TEST_CASE("a matrix by a vector, of any layout") {
  Random random(3);
  for (const Index m : {1, 3, 4, 5, 64, 200})
    for (const Index k : {0, 1, 7, 64, 300}) {
      CAPTURE(m);
      CAPTURE(k);
      check_product(random, m, 1, k);
    }
}

TEST_CASE("bias and activation join the product, packed or not") {
  Random random(2);
  for (const Index rows : {1, 3, 4, 50}) {
    const Tensor x = random.tensor({2, rows, 30}), weight = random.tensor({41, 30}), bias = random.tensor({41});
    const attn::ops::PackedMatrix packed = attn::pack_linear(weight);
    const Tensor plain = attn::linear(x, weight, bias);
    const Array turned = reference::transpose(exact(weight));
    const Array product = reference::matmul(exact(x), turned);
    const Array want = reference::combine([](double p, double b) { return p + b; }, product, exact(bias));
    Array bound = tolerance::matmul(exact(x), turned);
    for (Index i = 0; i < bound.size(); ++i)  // the bias is one more term, which every addition may round
      bound[i] += 32 * tolerance::rounding * std::abs(exact(bias)[i % 41]);
    check_close(plain, want, bound);
    check_close(attn::linear(x, packed, bias), want, bound);
    for (const attn::ops::Unary f : {attn::ops::Unary::gelu, attn::ops::Unary::gelu_tanh})
      check_same_bits(attn::linear(x, weight, bias, f), attn::unary(f, plain));
    check_same_bits(attn::linear(x, packed, {}, attn::ops::Unary::relu),
                    attn::unary(attn::ops::Unary::relu, attn::linear(x, packed)));
  }
  const Tensor nothing = attn::ones({3, 0}), bias = random.tensor({4});
  const attn::ops::PackedMatrix empty = attn::pack_linear(attn::zeros({4, 0}));
  check_same_bits(attn::linear(nothing, empty, bias), attn::linear(nothing, attn::zeros({4, 0}), bias));
  if (const auto all = attn::instruction_sets(); all.size() > 1) {
    const std::string used = attn::instruction_set();
    const attn::ops::PackedMatrix packed = attn::pack_linear(attn::ones({4, 2}));
    attn::set_instruction_set(used == all[0] ? all[1] : all[0]);
    check_error(attn::ErrorCode::unsupported, "matmul", {"instruction set"}, [&] {
      attn::linear(attn::ones({5, 2}), packed);
    });
    attn::set_instruction_set(used);
  }
  check_error(attn::ErrorCode::shape, "linear", {"[41,30]", "[2,29]"}, [] {
    attn::linear(attn::zeros({2, 29}), attn::pack_linear(attn::zeros({41, 30})));
  });
  check_error(attn::ErrorCode::shape, "pack_linear", {"[3]"}, [] { attn::pack_linear(attn::zeros({3})); });
}
