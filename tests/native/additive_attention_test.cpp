// nn::AdditiveAttention beyond its golden data: parameters, steps, errors.
#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Probe;
namespace nn = attn::nn;

TEST_CASE("additive attention refuses what does not fit, and shows its steps") {
  Random random(11);
  const nn::AdditiveAttention attention({.query_dim = 3, .key_dim = 4, .attention_dim = 5});
  check_parameters(attention,
                   {{"query_proj.weight", "[5,3]"}, {"key_proj.weight", "[5,4]"}, {"score.weight", "[1,5]"}});
  const Tensor query = random.tensor({2, 3, 3}), key = random.tensor({2, 6, 4}), value = random.tensor({2, 6, 2});
  std::vector<std::string> seen;
  const auto result = attention.forward(query, key, value, {}, Probe([&](const std::string& name, const Tensor& x) {
                                          seen.push_back(name + attn::to_string(x.shape()));
                                          return name == "weights" ? attn::zeros(x.shape()) : x;
                                        }));
  CHECK(seen == std::vector<std::string>{"scores[2,3,6]", "masked[2,3,6]", "weights[2,3,6]", "z[2,3,2]"});
  check_values(result.output, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto batchless =  // one of a batch is what it is alone
      attention.forward(attn::reshape(attn::slice(query, 0, 1, 2), {3, 3}),
                        attn::reshape(attn::slice(key, 0, 1, 2), {6, 4}),
                        attn::reshape(attn::slice(value, 0, 1, 2), {6, 2}), integers({0, 1, 0, 0, 1, 0}, {6}));
  const auto batched = attention.forward(query, key, value, integers({0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0}, {2, 6}));
  check_same_bits(batchless.output, attn::reshape(attn::slice(batched.output, 0, 1, 2), {3, 2}));
  const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> pieces, const Tensor& q,
                           const Tensor& k, const Tensor& mask = {}) {
    check_error(code, "AdditiveAttention", pieces, [&] { attention.forward(q, k, value, mask); });
  };
  refuses(ErrorCode::shape, {"query", "3", "[2,3,4]"}, attn::zeros({2, 3, 4}), key);
  refuses(ErrorCode::shape, {"query", "[3]"}, attn::zeros({3}), key);
  refuses(ErrorCode::shape, {"key", "4", "[2,6,3]"}, query, attn::zeros({2, 6, 3}));
  refuses(ErrorCode::shape, {"key", "[6,4]"}, query, attn::zeros({6, 4}));
  refuses(ErrorCode::shape, {"key_padding_mask", "[2,6]", "[6]"}, query, key, attn::zeros({6}));
  check_error(ErrorCode::range, "AdditiveAttention", {"attention_dim", "0"}, [] { nn::AdditiveAttention({3, 4, 0}); });
  check_error(ErrorCode::range, "AdditiveAttention", {"query_dim", "0"}, [] { nn::AdditiveAttention({0, 4, 1}); });
}
