// Each parameter changes what it says it changes: a test for every one that would fail if it were ignored.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;
using attn::AttendOptions;
using attn::Normalizer;
using attn::Score;

namespace {

// Two keys, of which the query likes the second better; scores 1 and 3 by the dot product.
const auto one_query = [] { return tensor({1, 1}, {1, 2}); };
const auto two_keys = [] { return tensor({1, 0, 0, 3}, {2, 2}); };
const auto two_values = [] { return tensor({1, 0, 0, 1}, {2, 2}); };

attn::Attention run(const AttendOptions& options) {
  return attn::attend(one_query(), two_keys(), two_values(), options);
}

/// The first of the two weights; 2 ulp for exp, and a few roundings.
void check_first_weight(const AttendOptions& options, double want) {
  CHECK(std::abs(static_cast<double>(run(options).weights.data()[0]) - want) <= 10 * tolerance::rounding);
}

double share(double a, double b) { return 1 / (1 + std::exp(b - a)); }

}  // namespace

TEST_CASE("scores are what their names say") {
  AttendOptions o;
  o.score = Score::dot;
  check_values(run(o).scores, {1, 3});
  check_values(run(o).scaled, {1, 3});
  o.score = Score::scaled_dot;
  check_values(run(o).scores, {1, 3});
  check_close(run(o).scaled, {{1, 2}, {1 / std::sqrt(2.0), 3 / std::sqrt(2.0)}}, 4 * 3 * tolerance::rounding);
  o.score = Score::sqrt_norm;
  check_close(run(o).scores, {{1, 2}, {std::pow(2, -0.25), 3 / std::sqrt(3 * std::sqrt(2.0))}},
              20 * tolerance::rounding);
  o.score = Score::cosine;
  check_close(run(o).scores, {{1, 2}, {std::sqrt(0.5), std::sqrt(0.5)}}, 10 * tolerance::rounding);
  o.score = Score::general;
  o.weight = tensor({0, 2, 1, 0}, {2, 2});  // not symmetric: qᵀW is [1,2], Wq would be [2,1]
  check_values(run(o).scores, {1, 6});
  o.score = Score::location;
  o.weight = tensor({1, 2, 3, 4}, {2, 2});
  check_values(run(o).scores, {3, 7});
  o.bias = tensor({10, 20}, {2});
  check_values(run(o).scores, {13, 27});
  o.score = Score::additive;
  o.query_weight = tensor({0.5f, 0.25f}, {1, 2});
  o.key_weight = tensor({0.1f, 0.2f}, {1, 2});
  o.score_vector = tensor({2}, {1});
  check_close(run(o).scores, {{1, 2}, {2 * std::tanh(0.85), 2 * std::tanh(1.35)}}, 20 * tolerance::rounding);
}

TEST_CASE("normalisers are what their names say") {
  AttendOptions o;
  o.score = Score::dot;
  check_first_weight(o, share(1, 3));
  o.normalizer = Normalizer::sum;
  check_first_weight(o, 0.25);
  o.normalizer = Normalizer::double_softmax;
  check_first_weight(o, share(share(1, 3), share(3, 1)));
  o.normalizer = Normalizer::sparsemax;
  check_first_weight(o, 0);
  o.scale = 0.25;
  check_first_weight(o, 0.25);
}

TEST_CASE("scale and temperature reach the scores before they are normalised") {
  AttendOptions o;
  o.scale = 0.5;
  check_first_weight(o, share(0.5, 1.5));
  o.temperature = 2;
  check_first_weight(o, share(0.25, 0.75));
  check_values(run(o).scores, {1, 3});
  check_values(run(o).scaled, {0.25f, 0.75f});
  o.scale.reset();
  check_first_weight(o, share(1 / std::sqrt(8.0), 3 / std::sqrt(8.0)));
  o.score = Score::dot;
  check_first_weight(o, share(0.5, 1.5));
  o.temperature = 1e-3;
  check_values(run(o).weights, {0, 1});
  o.scale = 0;
  check_values(run(o).weights, {0.5f, 0.5f});
  o.scale = -1;
  o.temperature = 1;
  check_first_weight(o, share(-1, -3));
}

TEST_CASE("the default scale is one over the root of a head's features") {
  Random random(1);
  const Sizes sizes{{}, 3, 4, 16, 16, 4, 4};
  const Inputs in = random_inputs(random, sizes);
  AttendOptions o;
  o.heads = 4;
  AttendOptions told = o;
  told.scale = 0.5;
  check_same_bits(attn::attend(in.query, in.key, in.value, o).output,
                  attn::attend(in.query, in.key, in.value, told).output);
}

TEST_CASE("heads split the features and leave the keys whole") {
  Random random(2);
  const Inputs in = random_inputs(random, {{}, 3, 4, 6, 6, 4});
  AttendOptions o;
  o.heads = 2;
  const attn::Attention both = attn::attend(in.query, in.key, in.value, o);
  CHECK(both.weights.shape() == Shape{2, 3, 4});
  std::vector<Tensor> outputs;
  for (const Index h : {0, 1}) {
    const attn::Attention one =
        attn::attend(attn::slice(in.query, 1, 3 * h, 3 * h + 3), attn::slice(in.key, 1, 3 * h, 3 * h + 3),
                     attn::slice(in.value, 1, 2 * h, 2 * h + 2));
    check_same_bits(attn::reshape(attn::slice(both.weights, 0, h, h + 1), {3, 4}), one.weights);
    outputs.push_back(one.output);
  }
  check_same_bits(both.output, attn::cat(outputs, 1));
}

TEST_CASE("masks leave the keys that they name") {
  const Tensor zero = attn::zeros({3, 1}), four = attn::zeros({4, 1});
  const auto weights = [&](const attn::Mask& mask) {
    AttendOptions o;
    o.mask = mask;
    return attn::attend(zero, four, four, o).weights;
  };
  constexpr float third = 1.0f / 3;
  attn::Mask mask;
  mask.causal = true;
  check_values(weights(mask), {1, 0, 0, 0, 0.5f, 0.5f, 0, 0, third, third, third, 0});
  mask.window = 1;
  check_values(weights(mask), {1, 0, 0, 0, 0.5f, 0.5f, 0, 0, 0, 0.5f, 0.5f, 0});
  mask.causal = false;
  check_values(weights(mask), {0.5f, 0.5f, 0, 0, third, third, third, 0, 0, third, third, third});
  mask.window = 0;
  check_values(weights(mask), {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  mask.window = std::numeric_limits<Index>::max();
  check_all(
      weights(mask), [](float w) { return w == 0.25f; }, "0.25");
  mask.window.reset();
  mask.lengths = integers({2});
  check_values(weights(mask), {0.5f, 0.5f, 0, 0, 0.5f, 0.5f, 0, 0, 0.5f, 0.5f, 0, 0});
  mask.lengths = {};
  mask.additive = tensor({0, -kInf, 0, 0}, {4});
  check_values(weights(mask), {third, 0, third, third, third, 0, third, third, third, 0, third, third});
  mask.additive = tensor({0, -kInf, 0}, {3, 1});
  check_values(weights(mask), {0.25f, 0.25f, 0.25f, 0.25f, 0, 0, 0, 0, 0.25f, 0.25f, 0.25f, 0.25f});
}

TEST_CASE("an int32 mask is boolean: a key may be attended to where it is not 0, on every path and in its gradient") {
  // Turned, so that it is no dense mask either; one row forbids all.
  const attn::Mask boolean{.additive = attn::transpose(integers({1, 0, 0, -7, 0, 1, 0, 0, 0, 2, 0, 1}, {4, 3}), 0, 1)};
  const attn::Mask added{.additive = tensor({0, 0, -kInf, 0, -kInf, -kInf, -kInf, -kInf, -kInf, 0, -kInf, 0}, {3, 4})};
  const auto results = [](const attn::Mask& mask) {
    Random random(4);
    const Inputs in = random_inputs(random, {{2}, 3, 4, 5, 5, 6});
    const Tensor q = leaf(in.query), k = leaf(in.key), v = leaf(in.value);
    const Tensor fused = attn::scaled_dot_product_attention(q, k, v, {mask});
    sum(fused).backward();
    const attn::Attention plain = attn::attend(q, k, v, {.mask = mask});
    sum(plain.output).backward();
    const attn::MultiHeadWeights weights{.in_proj_weight = attn::ones({15, 5}), .out_proj_weight = attn::eye(5)};
    return std::vector<Tensor>{fused,
                               plain.masked,
                               plain.weights,
                               q.grad(),
                               k.grad(),
                               v.grad(),
                               attn::multi_head_attention_forward(in.query, in.key, in.key, 1, weights, mask).weights};
  };
  const std::vector<Tensor> got = results(boolean), want = results(added);
  for (std::size_t i = 0; i < got.size(); ++i) check_same_bits(got[i], want[i]);
}

TEST_CASE("an additive mask is added after scale and temperature") {
  AttendOptions o;
  o.score = Score::dot;
  o.scale = 0.5;
  o.temperature = 0.5;
  o.mask.additive = tensor({4, 0}, {2});
  check_values(run(o).scaled, {1, 3});
  check_values(run(o).masked, {5, 3});
  check_first_weight(o, share(5, 3));
}

TEST_CASE("a padding length belongs to its batch, and to all of its heads") {
  Random random(3);
  AttendOptions o;
  o.mask.lengths = integers({1, 0, 3});
  for (const Shape& leading : {Shape{3}, {3, 2}}) {
    const Inputs in = random_inputs(random, {leading, 2, 3, 2, 2, 2});
    const Tensor w = attn::reshape(attn::attend(in.query, in.key, in.value, o).weights, {3, -1, 3});
    check_all(
        attn::slice(attn::slice(w, 0, 0, 1), 2, 0, 1), [](float x) { return x == 1; }, "1");
    check_all(
        attn::slice(w, 0, 1, 2), [](float x) { return x == 0; }, "0");
    check_all(
        attn::slice(w, 0, 2, 3), [](float x) { return x > 0; }, "above 0");
  }
}
