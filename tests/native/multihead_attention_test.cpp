// nn::MultiheadAttention beyond what PyTorch's numbers show: parameters, paths, masks, probes, errors.
#include <algorithm>
#include <cmath>
#include <map>

#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Probe;
namespace nn = attn::nn;
using Call = nn::MultiheadAttentionCall;
using Options = nn::MultiheadAttentionOptions;

TEST_CASE("multi-head attention has PyTorch's parameters, in its order") {
  check_parameters(nn::MultiheadAttention({.embed_dim = 6, .num_heads = 2}),
                   NamesAndShapes{{"in_proj_weight", "[18,6]"},
                                  {"in_proj_bias", "[18]"},
                                  {"out_proj.weight", "[6,6]"},
                                  {"out_proj.bias", "[6]"}});
  check_parameters(
      nn::MultiheadAttention({.embed_dim = 6, .num_heads = 2, .bias = false, .add_bias_kv = true}),
      NamesAndShapes{
          {"in_proj_weight", "[18,6]"}, {"bias_k", "[1,1,6]"}, {"bias_v", "[1,1,6]"}, {"out_proj.weight", "[6,6]"}});
  check_parameters(nn::MultiheadAttention({.embed_dim = 6, .num_heads = 2, .kdim = 3, .vdim = 4}),
                   NamesAndShapes{{"q_proj_weight", "[6,6]"},
                                  {"k_proj_weight", "[6,3]"},
                                  {"v_proj_weight", "[6,4]"},
                                  {"in_proj_bias", "[18]"},
                                  {"out_proj.weight", "[6,6]"},
                                  {"out_proj.bias", "[6]"}});
  check_parameters(nn::MultiheadAttention({.embed_dim = 8, .num_heads = 4, .add_bias_kv = true, .num_kv_heads = 2}),
                   NamesAndShapes{{"q_proj_weight", "[8,8]"},
                                  {"k_proj_weight", "[4,8]"},
                                  {"v_proj_weight", "[4,8]"},
                                  {"in_proj_bias", "[16]"},
                                  {"bias_k", "[1,1,4]"},
                                  {"bias_v", "[1,1,4]"},
                                  {"out_proj.weight", "[8,8]"},
                                  {"out_proj.bias", "[8]"}});
}

TEST_CASE("first values of multi-head attention are PyTorch's") {
  attn::manual_seed(1);
  const nn::MultiheadAttention packed({.embed_dim = 64, .num_heads = 2, .add_bias_kv = true});
  const auto largest = [](const nn::Module& module, const std::string& name) {
    for (const auto& [key, x] : module.named_parameters())
      if (key == name) {
        float most = 0;
        for (const float v : x.values()) most = std::max(most, std::abs(v));
        return static_cast<double>(most);
      }
    FAIL("no parameter " << name);
    return 0.0;
  };
  // Of thousands of uniform numbers the largest comes within 1% of the limit, but for a chance of 0.99^4096.
  const auto uniform_within = [](double most, double limit) {
    CHECK(most <= limit);
    CHECK(most > 0.99 * limit);
  };
  uniform_within(largest(packed, "in_proj_weight"), std::sqrt(6.0 / (3 * 64 + 64)));
  uniform_within(largest(packed, "out_proj.weight"), std::sqrt(1.0 / 64));
  CHECK(largest(packed, "in_proj_bias") == 0);
  CHECK(largest(packed, "out_proj.bias") == 0);
  for (const char* name : {"bias_k", "bias_v"}) {  // normal, deviation 1/8: the largest of 64 lies at 1 to 5 deviations
    CHECK(largest(packed, name) > 1 / 8.0);
    CHECK(largest(packed, name) < 5 / 8.0);
  }
  const nn::MultiheadAttention apart({.embed_dim = 64, .num_heads = 2, .kdim = 100, .vdim = 200});
  uniform_within(largest(apart, "q_proj_weight"), std::sqrt(6.0 / (64 + 64)));
  uniform_within(largest(apart, "k_proj_weight"), std::sqrt(6.0 / (64 + 100)));
  uniform_within(largest(apart, "v_proj_weight"), std::sqrt(6.0 / (64 + 200)));
}

TEST_CASE("fused and plain paths agree, whatever the mask and the sizes, in values and in gradients") {
  Random random(2);
  const Index B = 2, T = 33, S = 65, E = 24, H = 4;
  for (const Options& options : {Options{.embed_dim = E, .num_heads = H, .batch_first = true},
                                 Options{.embed_dim = E, .num_heads = H, .num_kv_heads = 2, .rotary = true},
                                 Options{.embed_dim = E, .num_heads = H, .alibi = true}})
    for (const std::string kind : {"none", "causal", "padding", "holes", "bool", "float", "heads", "all"}) {
      CAPTURE(kind);
      attn::manual_seed(3);
      const nn::MultiheadAttention attention(options);
      const auto rows = [&](Index n) {
        return random.tensor(options.batch_first ? Shape{B, n, E} : Shape{n, B, E}, -0.25f, 0.25f);
      };
      const Tensor query = rows(T), memory = rows(S);
      const auto some = [&](const Shape& shape) {
        const Tensor mask = Tensor::empty(shape, attn::DType::int32);
        for (auto& v : mask.values<std::int32_t>()) v = random.chance(0.3);
        return mask;
      };
      Call call{.need_weights = false};
      if (kind == "causal" || kind == "all") call.is_causal = true;
      if (kind == "padding" || kind == "all") {
        call.key_padding_mask = attn::zeros({B, S}, attn::DType::int32);
        for (Index s = 40; s < S; ++s) call.key_padding_mask.data<std::int32_t>()[s] = 1;
      }
      if (kind == "holes") call.key_padding_mask = some({B, S});
      if (kind == "bool") call.attn_mask = some({T, S});
      if (kind == "float" || kind == "all") call.attn_mask = random.tensor({T, S});
      if (kind == "heads") call.attn_mask = random.tensor({B * H, T, S});
      const auto [fused, fused_gradients] = run_attention(attention, query, memory, call);
      call.need_weights = true;
      const auto [plain, plain_gradients] = run_attention(attention, query, memory, call);
      check_close(fused, exact(plain), 2 * attention_bound(attention, query, memory));
      REQUIRE(fused_gradients.size() == plain_gradients.size());
      for (std::size_t i = 0; i < plain_gradients.size(); ++i) {
        CAPTURE(i);
        // Either is owed to within 1e-4 of the exact gradient.
        check_close(fused_gradients[i], exact(plain_gradients[i]), 2e-4 * largest(plain_gradients[i]));
      }
    }
}

TEST_CASE("attention as a layer has the same bits for any number of threads") {
  Random random(4);
  const nn::MultiheadAttention attention({.embed_dim = 32, .num_heads = 4, .num_kv_heads = 2, .rotary = true});
  const Tensor query = random.tensor({130, 3, 32}), memory = random.tensor({70, 3, 32});
  for (const bool weights : {false, true}) {
    const auto run = [&](int n) {
      const Threads threads(n);
      return run_attention(attention, query, memory, {.need_weights = weights, .is_causal = true});
    };
    const auto [out, gradients] = run(1);
    for (const int n : thread_counts()) {
      const auto [other, other_gradients] = run(n);
      check_same_bits(other, out);
      for (std::size_t i = 0; i < gradients.size(); ++i) check_same_bits(other_gradients[i], gradients[i]);
    }
  }
}

TEST_CASE("a row that may attend to nothing has zero weights, on both paths") {
  Random random(5);
  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2, .batch_first = true});
  const Tensor x = random.tensor({1, 3, 4});
  for (const Tensor& mask :
       {integers({0, 1, 0, 1, 1, 1, 0, 0, 0}, {3, 3}), tensor({0, -kInf, 0, -kInf, -kInf, -kInf, 0, 0, 0}, {3, 3})})
    for (const bool weights : {true, false}) {
      const auto result = attention.forward(x, x, x, {.attn_mask = mask, .need_weights = weights});
      check_values(attn::slice(result.output, 1, 1, 2), {0, 0, 0, 0});  // out_proj.bias, 0 at first
      if (weights) check_values(attn::slice(result.weights, 1, 1, 2), {0, 0, 0});
    }
  const Tensor everything = integers({1, 1, 1}, {1, 3});
  check_values(attention.forward(x, x, x, {.key_padding_mask = everything, .need_weights = false}).output,
               {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("dropout of attention drops weights while training, and returns them as they were used") {
  Random random(6);
  const nn::MultiheadAttention sure({.embed_dim = 4, .num_heads = 1, .batch_first = true});
  nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 1, .dropout = 0.5, .batch_first = true});
  attention.load_state_dict(sure.state_dict());
  const Tensor x = random.tensor({1, 40, 4});
  const auto whole = sure.forward(x, x, x), dropped = attention.forward(x, x, x);
  Index zeros = 0;
  for (Index i = 0; i < 1600; ++i) {
    const float got = dropped.weights.data()[i], want = 2 * whole.weights.data()[i];
    zeros += got == 0;
    CHECK((got == 0 || got == want));
  }
  CHECK(std::abs(zeros - 800) < 120);  // 6 deviations of √1600 / 2
  attn::manual_seed(7);
  const Tensor once = attention.forward(x, x, x, {.need_weights = false}).output;
  attn::manual_seed(7);
  const auto again = attention.forward(x, x, x);
  check_same_bits(once, again.output);
  const Tensor values = attn::linear(x, attn::slice(attention.state_dict()[0].second, 0, 8, 12));
  const Tensor by_hand = attn::linear(attn::matmul(again.weights, values), attention.state_dict()[2].second);
  check_close(again.output, exact(by_hand), 2 * attention_bound(attention, x, x));  // weights of at most 2
  attention.eval();
  check_same_bits(attention.forward(x, x, x).output, whole.output);
}

TEST_CASE("the probe sees every activation in its order") {
  Random random(8);
  const nn::MultiheadAttention attention({.embed_dim = 6, .num_heads = 2, .num_kv_heads = 1});
  const Tensor query = random.tensor({3, 2, 6}), memory = random.tensor({5, 2, 6});
  std::vector<std::string> seen;
  Call call{.need_weights = false, .probe = Probe([&](const std::string& name, const Tensor& x) {
                                              seen.push_back(name + attn::to_string(x.shape()));
                                              return x;
                                            }).at("attn")};
  attention.forward(query, memory, memory, call);
  CHECK(seen == std::vector<std::string>{"attn.q[2,2,3,3]", "attn.k[2,1,5,3]", "attn.v[2,1,5,3]",
                                         "attn.scores[2,2,3,5]", "attn.scaled[2,2,3,5]", "attn.masked[2,2,3,5]",
                                         "attn.weights[2,2,3,5]", "attn.z[2,2,3,3]", "attn.out[3,2,6]"});
}

TEST_CASE("what the probe returns is what attention goes on with, whichever path it would take") {
  Random random(9);
  const nn::MultiheadAttention attention({.embed_dim = 6, .num_heads = 2});
  const Tensor x = random.tensor({4, 2, 6});
  const std::vector<std::string> names{"q", "k", "v", "scores", "scaled", "masked", "weights", "z", "out"};
  for (std::size_t replaced = 0; replaced < names.size(); ++replaced) {
    CAPTURE(names[replaced]);
    std::vector<Tensor> results;
    for (const bool need_weights : {false, true}) {
      CAPTURE(need_weights);
      Random other(10);
      std::map<std::string, Tensor> before, after;
      Call call{.need_weights = need_weights,
                .is_causal = true,
                .probe = Probe([&](const std::string& name, const Tensor& a) { return before[name] = a; })};
      attention.forward(x, x, x, call);
      call.probe = Probe([&](const std::string& name, const Tensor& a) {
        return after[name] = name == names[replaced] ? other.tensor(a.shape()) : a;
      });
      const auto result = attention.forward(x, x, x, call);
      const auto differs = [&](const std::string& name) {
        return !std::ranges::equal(attn::contiguous(before[name]).values(), attn::contiguous(after[name]).values());
      };
      const auto depends = [&](const std::string& name) {  // on the one that was replaced, by the formula
        const std::string& by = names[replaced];
        const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
        if (by == "q" || by == "k") return name == by || at >= 3;
        if (by == "v") return name == by || at >= 7;
        return at >= replaced;
      };
      for (const std::string& name : names) {
        CAPTURE(name);
        CHECK(differs(name) == depends(name));
      }
      check_same_bits(result.output, after["out"]);
      results.push_back(result.output);
    }
    check_same_bits(results[0], results[1]);  // both follow from the same tensor by the plain path
  }
}

TEST_CASE("multi-head attention refuses options that do not fit") {
  const auto refuses = [](std::initializer_list<std::string_view> pieces, const Options& options) {
    check_error(ErrorCode::range, "MultiheadAttention", pieces, [&] { nn::MultiheadAttention{options}; });
  };
  refuses({"embed_dim", "0"}, {.embed_dim = 0, .num_heads = 1});
  refuses({"num_heads", "6", "4"}, {.embed_dim = 6, .num_heads = 4});
  refuses({"num_heads", "0"}, {.embed_dim = 6, .num_heads = 0});
  refuses({"num_kv_heads", "4", "3"}, {.embed_dim = 8, .num_heads = 4, .num_kv_heads = 3});
  refuses({"num_kv_heads", "0"}, {.embed_dim = 8, .num_heads = 4, .num_kv_heads = 0});
  refuses({"dropout", "1.5"}, {.embed_dim = 8, .num_heads = 4, .dropout = 1.5});
  refuses({"kdim", "0"}, {.embed_dim = 8, .num_heads = 4, .kdim = 0});
  refuses({"vdim", "-1"}, {.embed_dim = 8, .num_heads = 4, .vdim = -1});
  refuses({"rotary", "even", "6", "2"}, {.embed_dim = 6, .num_heads = 2, .rotary = true});
}

TEST_CASE("multi-head attention refuses inputs that do not fit") {
  const nn::MultiheadAttention first({.embed_dim = 4, .num_heads = 2, .vdim = 3, .batch_first = true});
  const nn::MultiheadAttention second({.embed_dim = 4, .num_heads = 2});
  const Tensor query = attn::zeros({2, 3, 4}), key = attn::zeros({2, 5, 4}), value = attn::zeros({2, 5, 3});
  const auto refuses = [](ErrorCode code, std::initializer_list<std::string_view> pieces,
                          const nn::MultiheadAttention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
                          const Call& call = {}) {
    check_error(code, "MultiheadAttention", pieces, [&] { attention.forward(q, k, v, call); });
  };
  refuses(ErrorCode::shape, {"query", "[B,T,E]", "[4]"}, first, attn::zeros({4}), key, value);
  refuses(ErrorCode::shape, {"query", "[T,B,E]", "[1,2,3,4]"}, second, attn::zeros({1, 2, 3, 4}), query, query);
  refuses(ErrorCode::shape, {"query", "4", "[2,3,5]"}, first, attn::zeros({2, 3, 5}), key, value);
  refuses(ErrorCode::shape, {"key", "3 dimensions", "[5,4]"}, first, query, attn::zeros({5, 4}), value);
  refuses(ErrorCode::shape, {"value", "3", "[2,5,4]"}, first, query, key, key);
  refuses(ErrorCode::shape, {"batches", "[2,3,4]", "[1,5,4]"}, first, query, attn::zeros({1, 5, 4}), value);
  refuses(ErrorCode::shape, {"rows", "[2,5,4]", "[2,6,3]"}, first, query, key, attn::zeros({2, 6, 3}));
  refuses(ErrorCode::shape, {"batches", "[2,3,4]", "[2,5,4]"}, second, query, key, key);
  refuses(ErrorCode::type, {"float32", "int32"}, second, attn::zeros({2, 3, 4}, attn::DType::int32), query, query);
  refuses(ErrorCode::shape, {"key_padding_mask", "[2,5]", "[5]"}, first, query, key, value,
          {.key_padding_mask = attn::zeros({5})});
  refuses(ErrorCode::shape, {"attn_mask", "[3,5]", "[4,3,5]", "[5,3]"}, first, query, key, value,
          {.attn_mask = attn::zeros({5, 3})});
  refuses(ErrorCode::shape, {"attn_mask", "[2,3,5]"}, first, query, key, value, {.attn_mask = attn::zeros({2, 3, 5})});
}
