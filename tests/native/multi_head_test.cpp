// Attention with projections, against the reference's loop over heads.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

attn::MultiHeadWeights random_weights(Random& random, Index E, bool biases) {
  attn::MultiHeadWeights w;
  w.in_proj_weight = random.tensor({3 * E, E});
  w.out_proj_weight = random.tensor({E, E});
  if (biases) {
    w.in_proj_bias = random.tensor({3 * E});
    w.out_proj_bias = random.tensor({E});
  }
  return w;
}

void check_multi_head(const Tensor& query, const Tensor& key, const Tensor& value, Index heads,
                      const attn::MultiHeadWeights& weights, const attn::Mask& mask = {}) {
  const Index E = query.size(-1), T = query.size(-2), S = key.size(-2);
  const reference::MultiHead want = reference::multi_head_attention_forward(
      exact(query), exact(key), exact(value), heads,
      {exact(weights.in_proj_weight), exact(weights.in_proj_bias), exact(weights.out_proj_weight), exact(weights.out_proj_bias)},
      exact(mask));
  const attn::MultiHeadOutput got = attn::multi_head_attention_forward(query, key, value, heads, weights, mask);

  Shape shape(query.shape().begin(), query.shape().end() - 2);
  shape.insert(shape.end(), {heads, T, S});
  CHECK(got.weights.shape() == shape);

  // A projection is a sum of E products and a bias, E + 1 terms of at most 1·1: off by (E + 1)² roundings at worst. All
  // that follows is linear in these errors to first order: a score adds D products of two such numbers, each below E + 1,
  // and the softmax doubles what a row's scores are off by.
  const double e = static_cast<double>(E), d = e / static_cast<double>(heads), s = static_cast<double>(S);
  const double projected = (e + 1) * (e + 1) * tolerance::rounding, largest = e + 1;
  const double score = (2 * d * largest * projected + (d + 3) * d * largest * largest * tolerance::rounding) / std::sqrt(d);
  const double weight = 2 * score + (s + 4) * tolerance::rounding + 2 * tolerance::function;
  const double attended = largest * weight + projected + s * tolerance::rounding * largest;
  Array weights_bound = want.heads.weights;
  for (double& b : weights_bound.data) b = b * weight + tolerance::tiny;
  check_close(attn::reshape(got.weights, want.heads.weights.shape), want.heads.weights, weights_bound);
  check_close(got.output, want.output, e * attended + (e + 1) * (e * largest + 1) * tolerance::rounding);
}

}  // namespace

TEST_CASE("multi-head self-attention equals the loop over heads") {
  Random random(1);
  for (const auto& size : {std::pair<Index, Index>{4, 1}, {6, 2}, {6, 3}, {8, 8}, {20, 4}})
    for (const bool biases : {false, true}) {
      const Index E = size.first, heads = size.second;
      CAPTURE(E);
      CAPTURE(heads);
      CAPTURE(biases);
      const auto weights = random_weights(random, E, biases);
      for (const Shape& shape : {Shape{5, E}, {2, 4, E}, {1, E}}) {
        const Tensor x = random.tensor(shape);
        check_multi_head(x, x, x, heads, weights);
        attn::Mask mask;
        mask.causal = true;
        check_multi_head(x, x, x, heads, weights, mask);
      }
    }
}

TEST_CASE("multi-head cross-attention, where keys and values differ and are masked") {
  Random random(2);
  const auto weights = random_weights(random, 6, true);
  const Tensor query = random.tensor({2, 3, 6}), key = random.tensor({2, 5, 6}), value = random.tensor({2, 5, 6});
  check_multi_head(query, key, value, 2, weights);
  attn::Mask mask;
  mask.lengths = integers({2, 0});
  check_multi_head(query, key, value, 2, weights, mask);
  mask.window = 1;
  mask.additive = random.tensor({2, 2, 3, 5});
  check_multi_head(query, key, value, 2, weights, mask);
}

TEST_CASE("each bias and each projection counts") {
  const Tensor x = attn::reshape(attn::eye(2), {2, 2});
  attn::MultiHeadWeights w;
  w.in_proj_weight = attn::cat({attn::zeros({4, 2}), attn::eye(2)}, 0);  // all weights equal, values are x
  w.out_proj_weight = attn::eye(2);
  const auto run = [&] { return attn::multi_head_attention_forward(x, x, x, 1, w).output; };
  check_values(run(), {0.5f, 0.5f, 0.5f, 0.5f});
  w.out_proj_bias = tensor({10, 20}, {2});
  check_values(run(), {10.5f, 20.5f, 10.5f, 20.5f});
  w.in_proj_bias = tensor({0, 0, 0, 0, 1, 2}, {6});
  check_values(run(), {11.5f, 22.5f, 11.5f, 22.5f});
  w.out_proj_weight = tensor({0, 1, 1, 0}, {2, 2});
  check_values(run(), {12.5f, 21.5f, 12.5f, 21.5f});
}

TEST_CASE("multi-head attention refuses what does not fit") {
  Random random(3);
  const Tensor x = random.tensor({3, 6});
  auto w = random_weights(random, 6, true);
  const auto fails = [&](std::initializer_list<std::string_view> pieces, Index heads = 2) {
    check_error(ErrorCode::shape, "multi_head_attention_forward", pieces, [&] { attn::multi_head_attention_forward(x, x, x, heads, w); });
  };
  const auto good = w;
  w.in_proj_weight = attn::zeros({6, 6});
  fails({"in_proj_weight", "[18,6]", "[6,6]", "[3,6]"});
  w = good;
  w.in_proj_bias = attn::zeros({6});
  fails({"in_proj_bias", "[18]", "[6]"});
  check_error(ErrorCode::shape, "multi_head_attention_forward", {"[6]"},
              [&] { attn::multi_head_attention_forward(attn::zeros({6}), x, x, 2, good); });
  w = good;
  w.out_proj_weight = {};
  fails({"out_proj_weight", "[6,6]", "[]"});
  w = good;
  w.out_proj_bias = attn::zeros({5});
  fails({"out_proj_bias", "[6]", "[5]"});
  const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> pieces, const Tensor& key, const Tensor& value, Index heads) {
    check_error(code, "multi_head_attention_forward", pieces, [&] { attn::multi_head_attention_forward(x, key, value, heads, good); });
  };
  refuses(ErrorCode::shape, {"[3,6]", "[3,5]"}, attn::zeros({3, 5}), x, 2);
  refuses(ErrorCode::shape, {"[3,6]", "[3,5]"}, x, attn::zeros({3, 5}), 2);
  refuses(ErrorCode::shape, {"[3,6]", "[1,3,6]"}, attn::zeros({1, 3, 6}), x, 2);
  refuses(ErrorCode::range, {"num_heads", "6", "4"}, x, x, 4);
  refuses(ErrorCode::range, {"num_heads", "0"}, x, x, 0);
  check_error(ErrorCode::shape, "attend", {"[3,6]", "[2,6]"}, [&] { attn::multi_head_attention_forward(x, x, attn::zeros({2, 6}), 2, good); });
}
