// What each layer makes of its options, how its parameters begin, and what it refuses.
#include <algorithm>
#include <cmath>

#include "gradient_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::nn::Dropout;
using attn::nn::Embedding;
using attn::nn::LayerNorm;
using attn::nn::Linear;
using attn::nn::RMSNorm;
using attn::nn::Sequential;
using attn::ops::Unary;

namespace {

std::vector<std::string> names(const attn::nn::Module& module) {
  std::vector<std::string> all;
  for (const auto& [name, x] : module.state_dict()) all.push_back(name);
  return all;
}
using Names = std::vector<std::string>;

/// Uniform within ±limit. All of n such numbers miss a quarter of the range at one end with a chance of (7/8)^n: n of
/// 100 makes that 2e-6.
void check_uniform(const Tensor& x, float limit) {
  REQUIRE(x.numel() >= 100);
  check_all(
      x, [=](float v) { return std::abs(v) <= limit; }, "within their range");
  const auto [low, high] = std::ranges::minmax(x.values());
  CHECK(low < -0.75f * limit);
  CHECK(high > 0.75f * limit);
}

}  // namespace

TEST_CASE("Linear begins uniform within 1/√I, weight and bias") {
  attn::manual_seed(1);
  const Linear linear({.in_features = 16, .out_features = 100});
  CHECK(names(linear) == Names{"weight", "bias"});
  CHECK(linear.weight.shape() == Shape{100, 16});
  CHECK(linear.bias.shape() == Shape{100});
  check_uniform(linear.weight, 0.25f);
  check_uniform(linear.bias, 0.25f);
  CHECK(linear.forward(attn::zeros({2, 3, 16})).shape() == Shape{2, 3, 100});
  CHECK(linear.forward(attn::zeros({16})).shape() == Shape{100});

  const Linear bare({.in_features = 2, .out_features = 3, .bias = false});
  CHECK(names(bare) == Names{"weight"});
  check_all(
      bare.forward(attn::zeros({2})), [](float v) { return v == 0; }, "0");
  check_error(ErrorCode::shape, "linear", {"[100,16]", "[2,15]"}, [&] { linear.forward(attn::zeros({2, 15})); });
  check_error(ErrorCode::range, "Linear", {"in_features", "0"}, [] { Linear({.in_features = 0, .out_features = 1}); });
  check_error(ErrorCode::range, "Linear", {"out_features", "-1"},
              [] { Linear({.in_features = 1, .out_features = -1}); });
}

TEST_CASE("Embedding begins standard normal, but for the padding row, which is 0 and never learns") {
  attn::manual_seed(2);
  const Embedding plain({.num_embeddings = 100, .embedding_dim = 100});
  double mean = 0, square = 0;
  for (const float v : plain.weight.values())
    mean += static_cast<double>(v) / 1e4, square += static_cast<double>(v * v) / 1e4;
  CHECK(std::abs(mean) < 6 * 0.01);  // six deviations: 1/√10000, and √2 times that for squares
  CHECK(std::abs(square - 1) < 6 * 0.0142);
  CHECK(names(plain) == Names{"weight"});
  CHECK(plain.forward(integers({1, 2}, {2, 1})).shape() == Shape{2, 1, 100});

  for (const Index padding : {1, -2}) {
    CAPTURE(padding);
    const Embedding padded({.num_embeddings = 3, .embedding_dim = 4, .padding_idx = padding});
    padded.forward(integers({0, 1, 1, 2})).backward(attn::ones({4, 4}));
    for (Index row = 0; row < 3; ++row) {
      const bool is_padding = row == 1;
      const auto zero = [](float v) { return v == 0; };
      CHECK(std::ranges::all_of(attn::slice(padded.weight.detach(), 0, row, row + 1).values(), zero) == is_padding);
      CHECK(std::ranges::all_of(attn::slice(padded.weight.grad(), 0, row, row + 1).values(), zero) == is_padding);
    }
  }
  check_error(ErrorCode::range, "embedding", {"100"}, [&] { plain.forward(integers({100})); });
  check_error(ErrorCode::type, "embedding", {"int32"}, [&] { plain.forward(attn::zeros({1})); });
  check_error(ErrorCode::range, "Embedding", {"num_embeddings"},
              [] { Embedding({.num_embeddings = 0, .embedding_dim = 1}); });
  for (const Index wrong : {3, -4})
    check_error(ErrorCode::range, "Embedding", {"padding_idx", std::to_string(wrong)},
                [=] { Embedding({.num_embeddings = 3, .embedding_dim = 1, .padding_idx = wrong}); });
}

TEST_CASE("gradients of embedding, of which a row may be left out") {
  Random random(10);
  const Tensor indices = integers({2, 0, 2, 3}, {2, 2});
  for (const std::optional<Index> padding : std::initializer_list<std::optional<Index>>{{}, 0, 2}) {
    const Array table = exact(random.tensor({4, 3}));
    check_gradients(random, {random.tensor({4, 3})},
                    {[&](const std::vector<Tensor>& in) {
                       // Below the padding row the reference has numbers that stand still.
                       Tensor weight = in[0];
                       if (padding)
                         std::copy_n(&table.data[static_cast<std::size_t>(*padding * 3)], 3,
                                     weight.data() + *padding * 3);
                       return attn::embedding(indices, weight, padding);
                     },
                     [&](const std::vector<Array>& in) {
                       Array out = reference::filled({2, 2, 3}, 0);
                       for (Index i = 0; i < 4; ++i) {
                         const Index row = indices.data<std::int32_t>()[i];
                         for (Index j = 0; j < 3; ++j) out[i * 3 + j] = (row == padding ? table : in[0])[row * 3 + j];
                       }
                       return out;
                     }},
                    4);
  }
}

TEST_CASE("norms begin as ones and zeros, and leave out what they are told to") {
  const LayerNorm norm({.normalized_shape = 3});
  CHECK(names(norm) == Names{"weight", "bias"});
  check_values(norm.weight, {1, 1, 1});
  check_values(norm.bias, {0, 0, 0});
  CHECK(names(LayerNorm({.normalized_shape = 3, .bias = false})) == Names{"weight"});
  CHECK(names(LayerNorm({.normalized_shape = 3, .elementwise_affine = false})).empty());
  CHECK(names(RMSNorm({.normalized_shape = 3})) == Names{"weight"});
  check_values(RMSNorm({.normalized_shape = 3}).weight, {1, 1, 1});
  CHECK(names(RMSNorm({.normalized_shape = 3, .elementwise_affine = false})).empty());
  check_error(ErrorCode::shape, "LayerNorm", {"3", "[2,1]"}, [&] { norm.forward(attn::zeros({2, 1})); });
  check_error(ErrorCode::shape, "RMSNorm", {"3", "[2,4]"}, [] {
    RMSNorm({.normalized_shape = 3, .elementwise_affine = false}).forward(attn::zeros({2, 4}));
  });
  check_error(ErrorCode::range, "LayerNorm", {"normalized_shape"}, [] { LayerNorm({.normalized_shape = 0}); });
  check_error(ErrorCode::range, "RMSNorm", {"normalized_shape"}, [] { RMSNorm({.normalized_shape = -1}); });
}

TEST_CASE("Dropout drops while training alone, by its own chance") {
  const Tensor x = attn::ones({1000});
  Dropout all(1), half;
  check_all(
      all.forward(x), [](float v) { return v == 0; }, "0");
  const Tensor out = half.forward(x);
  const auto dropped = static_cast<double>(std::ranges::count(out.values(), 0.0f));
  CHECK(std::abs(dropped - 500) < 6 * std::sqrt(250.0));  // six deviations of a binomial number
  all.eval();
  check_same_bits(all.forward(x), x);
  all.train();
  check_all(
      all.forward(x), [](float v) { return v == 0; }, "0");
  for (const double p : {-0.5, 1.5}) check_error(ErrorCode::range, "Dropout", {std::to_string(p)}, [=] { Dropout{p}; });
}

TEST_CASE("Sequential runs one layer after the other, names them by number, and tells them what it is told") {
  const auto first = std::make_shared<Linear>(attn::nn::LinearOptions{2, 2});
  Sequential chain({first, std::make_shared<attn::nn::Activation>(Unary::relu), std::make_shared<Dropout>(1.0),
                    std::make_shared<Linear>(attn::nn::LinearOptions{2, 1})});
  CHECK(names(chain) == Names{"0.weight", "0.bias", "3.weight", "3.bias"});
  chain.load_state_dict({{"0.weight", tensor({1, 0, 0, 1}, {2, 2})},
                         {"0.bias", attn::zeros({2})},
                         {"3.weight", tensor({1, 10}, {1, 2})},
                         {"3.bias", tensor({0.5f}, {1})}});
  check_values(chain.forward(tensor({-3, 2}, {2})), {0.5f});
  chain.eval();
  CHECK(!first->training());
  check_values(chain.forward(tensor({-3, 2}, {2})), {20.5f});
  check_values(Sequential({}).forward(tensor({1}, {1})), {1});
}
