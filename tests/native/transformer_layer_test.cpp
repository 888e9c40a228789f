// Transformer layers and stacks beyond what PyTorch's numbers show.
#include <algorithm>

#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Probe;
namespace nn = attn::nn;

namespace {

nn::TransformerLayerOptions small_layer(double dropout = 0) {
  return {.d_model = 4, .nhead = 2, .dim_feedforward = 6, .dropout = dropout, .batch_first = true};
}

/// What the forward pass drew from the generator: one number for each tensor that something was dropped from.
Index draws(const Function<void()>& forward) {
  attn::manual_seed(1);
  forward();
  const std::uint64_t next = attn::default_generator().next();
  attn::manual_seed(1);
  for (Index n = 0; n < 100; ++n)
    if (attn::default_generator().next() == next) return n;
  return -1;
}

std::vector<std::string> names_seen(const Function<void(const Probe&)>& forward) {
  std::vector<std::string> seen;
  forward(Probe([&](const std::string& name, const Tensor& x) {
    seen.push_back(name);
    return x;
  }));
  return seen;
}

std::vector<std::string> attention_names(const std::string& part) {
  std::vector<std::string> names;
  for (const char* name : {"q", "k", "v", "scores", "scaled", "masked", "weights", "z", "out"})
    names.push_back(part + "." + name);
  return names;
}

std::vector<std::string> joined(std::initializer_list<std::vector<std::string>> parts) {
  std::vector<std::string> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

TEST_CASE("Transformer layers have PyTorch's parameters, in its order") {
  check_parameters(nn::TransformerEncoder({small_layer(), 1, true}),
                   NamesAndShapes{{"layers.0.self_attn.in_proj_weight", "[12,4]"},
                                  {"layers.0.self_attn.in_proj_bias", "[12]"},
                                  {"layers.0.self_attn.out_proj.weight", "[4,4]"},
                                  {"layers.0.self_attn.out_proj.bias", "[4]"},
                                  {"layers.0.linear1.weight", "[6,4]"},
                                  {"layers.0.linear1.bias", "[6]"},
                                  {"layers.0.linear2.weight", "[4,6]"},
                                  {"layers.0.linear2.bias", "[4]"},
                                  {"layers.0.norm1.weight", "[4]"},
                                  {"layers.0.norm1.bias", "[4]"},
                                  {"layers.0.norm2.weight", "[4]"},
                                  {"layers.0.norm2.bias", "[4]"},
                                  {"norm.weight", "[4]"},
                                  {"norm.bias", "[4]"}});
  nn::TransformerLayerOptions bare = small_layer();
  bare.bias = false;
  check_parameters(nn::TransformerDecoderLayer(bare), NamesAndShapes{{"self_attn.in_proj_weight", "[12,4]"},
                                                                     {"self_attn.out_proj.weight", "[4,4]"},
                                                                     {"multihead_attn.in_proj_weight", "[12,4]"},
                                                                     {"multihead_attn.out_proj.weight", "[4,4]"},
                                                                     {"linear1.weight", "[6,4]"},
                                                                     {"linear2.weight", "[4,6]"},
                                                                     {"norm1.weight", "[4]"},
                                                                     {"norm2.weight", "[4]"},
                                                                     {"norm3.weight", "[4]"}});
  CHECK(nn::TransformerDecoder({small_layer(), 3, false}).named_parameters().size() == 3 * 18);
  CHECK(nn::TransformerDecoder({small_layer(), 3, true}).named_parameters().size() == 3 * 18 + 2);
}

TEST_CASE("every layer of a stack has first values of its own, and PyTorch's sizes by default") {
  const nn::TransformerEncoder stack({small_layer(), 2, false});
  const auto state = stack.state_dict();
  REQUIRE(state[0].first == "layers.0.self_attn.in_proj_weight");
  REQUIRE(state[12].first == "layers.1.self_attn.in_proj_weight");
  CHECK(state[0].second.data()[0] != state[12].second.data()[0]);
  const nn::TransformerLayerOptions defaults{.d_model = 8, .nhead = 2};
  CHECK(defaults.dim_feedforward == 2048);
  CHECK(defaults.dropout == 0.1);
}

TEST_CASE("while training, every part of a layer drops") {
  Random random(1);
  const Tensor x = random.tensor({2, 3, 4}), memory = random.tensor({2, 5, 4});
  nn::TransformerEncoderLayer encoder(small_layer(0.5));
  nn::TransformerDecoderLayer decoder(small_layer(0.5));
  CHECK(draws([&] { encoder.forward(x); }) == 4);          // weights, attention, hidden, feed-forward
  CHECK(draws([&] { decoder.forward(x, memory); }) == 6);  // and weights and attention of the memory
  encoder.eval();
  decoder.eval();
  CHECK(draws([&] { encoder.forward(x); }) == 0);
  CHECK(draws([&] { decoder.forward(x, memory); }) == 0);
  // With everything dropped the norms are left.
  nn::TransformerLayerOptions all = small_layer(1);
  const nn::LayerNorm norm({.normalized_shape = 4});
  check_same_bits(nn::TransformerEncoderLayer(all).forward(x), norm.forward(norm.forward(x)));
  check_same_bits(nn::TransformerDecoderLayer(all).forward(x, memory), norm.forward(norm.forward(norm.forward(x))));
  all.norm_first = true;
  check_same_bits(nn::TransformerEncoderLayer(all).forward(x), x);
}

TEST_CASE("the probe sees a stack's activations under their names") {
  Random random(2);
  const Tensor x = random.tensor({1, 3, 4}), memory = random.tensor({1, 5, 4});
  const nn::TransformerEncoder encoder({small_layer(), 2, true});
  const auto layer = [](const std::string& at) {
    return joined({attention_names(at + "self_attn"), {at + "resid_mid", at + "ff.hidden", at + "ff", at + "resid"}});
  };
  CHECK(names_seen([&](const Probe& probe) { encoder.forward(x, {.probe = probe}); }) ==
        joined({layer("layers.0."), layer("layers.1."), {"norm"}}));
  const nn::TransformerDecoder decoder({small_layer(), 1, false});
  CHECK(names_seen([&](const Probe& probe) { decoder.forward(x, memory, {.probe = probe}); }) ==
        joined({attention_names("layers.0.self_attn"),
                {"layers.0.resid_mid"},
                attention_names("layers.0.multihead_attn"),
                {"layers.0.resid_cross", "layers.0.ff.hidden", "layers.0.ff", "layers.0.resid"}}));
}

TEST_CASE("what the probe returns is what a stack goes on with") {
  Random random(3);
  const Tensor x = random.tensor({2, 3, 4}), memory = random.tensor({2, 5, 4});
  const nn::TransformerEncoder encoder({small_layer(), 2, true});
  const nn::TransformerDecoder decoder({small_layer(), 2, true});
  const auto check = [&](const std::vector<std::string>& names, const Function<Tensor(const Probe&)>& forward) {
    const Tensor before = forward(copying());  // on the plain path, as what follows
    for (const std::string& name : names) {
      CAPTURE(name);
      const Tensor after = forward(Probe([&](const std::string& seen, const Tensor& a) {
        return seen == name ? random.tensor(a.shape()) : Tensor::from(attn::contiguous(a).values(), a.shape());
      }));
      CHECK(!std::ranges::equal(before.values(), after.values()));
    }
  };
  const auto encode = [&](const Probe& probe) { return encoder.forward(x, {.probe = probe}); };
  const auto decode = [&](const Probe& probe) { return decoder.forward(x, memory, {.probe = probe}); };
  check(names_seen(encode), encode);
  check(names_seen(decode), decode);
}

TEST_CASE("the plain path, and causality as a mask, change no stack's result but by rounding") {
  Random random(4);
  nn::TransformerLayerOptions options = small_layer();
  options.norm_first = true;
  const nn::TransformerEncoder encoder({options, 2, true});
  const Tensor x = random.tensor({2, 5, 4});
  Tensor mask = attn::zeros({5, 5}, attn::DType::int32);
  for (Index t = 0; t < 5; ++t)
    for (Index s = t + 1; s < 5; ++s) mask.data<std::int32_t>()[t * 5 + s] = 1;
  const Array want = exact(encoder.forward(x, {.is_causal = true}));
  // Owed to within 1e-5 of the exact result, whose rows the last norm gives numbers of at most √4.
  check_close(encoder.forward(x, {.is_causal = true, .probe = copying()}), want, 2 * 2e-5);
  check_close(encoder.forward(x, {.mask = mask}), want, 2 * 2e-5);
  const Tensor later = attn::cat({attn::slice(x, 1, 0, 3), random.tensor({2, 2, 4})}, 1);
  const auto first_rows = [](const Tensor& y) { return attn::contiguous(attn::slice(y, 1, 0, 3)); };
  check_same_bits(first_rows(encoder.forward(later, {.is_causal = true})),
                  first_rows(encoder.forward(x, {.is_causal = true})));
}

TEST_CASE("attention to the memory may be causal too") {
  Random random(9);
  const nn::TransformerDecoder decoder({small_layer(), 1, false});
  const Tensor x = random.tensor({2, 3, 4}), memory = random.tensor({2, 5, 4});
  const Tensor mask = integers({0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1}, {3, 5});
  const Tensor open = decoder.forward(x, memory), causal = decoder.forward(x, memory, {.memory_is_causal = true});
  CHECK(!std::ranges::equal(open.values(), causal.values()));
  // Owed to within 1e-5 of the exact result, whose rows the norm gives numbers of at most √4.
  check_close(decoder.forward(x, memory, {.memory_mask = mask}), exact(causal), 2 * 2e-5);
}

TEST_CASE("stacks decode with caches as they do without") {
  Random random(5);
  const attn::NoGrad quiet;
  const nn::TransformerEncoder encoder({small_layer(), 2, true});
  const nn::TransformerDecoder decoder({small_layer(), 2, true});
  const Tensor x = random.tensor({2, 6, 4}), memory = random.tensor({2, 5, 4});
  const auto check = [&](const Function<Tensor(const Tensor&, std::span<nn::KeyValueCache>)>& forward) {
    std::vector<nn::KeyValueCache> caches(2, nn::KeyValueCache(6));
    std::vector<Tensor> rows;
    for (const auto& [begin, end] : {std::pair<Index, Index>{0, 2}, {2, 3}, {3, 4}, {4, 6}})
      rows.push_back(forward(attn::slice(x, 1, begin, end), caches));
    // Owed to within 1e-5 of the exact result, whose rows the last norm gives numbers of at most √4.
    check_close(attn::cat(rows, 1), exact(forward(x, {})), 2 * 2e-5);
  };
  check([&](const Tensor& rows, std::span<nn::KeyValueCache> caches) {
    return encoder.forward(rows, {.is_causal = true, .caches = caches});
  });
  check([&](const Tensor& rows, std::span<nn::KeyValueCache> caches) {
    return decoder.forward(rows, memory, {.tgt_is_causal = true, .caches = caches});
  });
}

TEST_CASE("a Sequential holds encoder layers") {
  Random random(6);
  const auto first = std::make_shared<nn::TransformerEncoderLayer>(small_layer());
  const auto second = std::make_shared<nn::TransformerEncoder>(nn::TransformerOptions{small_layer(), 1, true});
  const nn::Sequential both({first, second});
  const Tensor x = random.tensor({2, 3, 4});
  check_same_bits(both.forward(x), second->forward(first->forward(x)));
  CHECK(both.named_parameters()[12].first == "1.layers.0.self_attn.in_proj_weight");
}

TEST_CASE("a stack has the same bits, forward and backward, for any number of threads") {
  Random random(7);
  nn::TransformerLayerOptions options{.d_model = 32, .nhead = 2, .dim_feedforward = 64, .dropout = 0.1};
  const nn::TransformerDecoder decoder({options, 2, true});
  const Tensor x = random.tensor({40, 3, 32}), memory = random.tensor({50, 3, 32});
  const auto run = [&](int n) {
    const Threads threads(n);
    attn::manual_seed(8);
    const Tensor out = decoder.forward(x, memory, {.tgt_is_causal = true});
    out.backward(attn::ones(out.shape()));
    std::vector<Tensor> all{out.detach()};
    for (const Tensor& parameter : decoder.parameters()) {
      all.push_back(parameter.grad());
      parameter.set_grad({});
    }
    return all;
  };
  const std::vector<Tensor> one = run(1);
  for (const int n : thread_counts()) {
    const std::vector<Tensor> many = run(n);
    for (std::size_t i = 0; i < one.size(); ++i) check_same_bits(many[i], one[i]);
  }
}

TEST_CASE("Transformers refuse what does not fit") {
  check_error(ErrorCode::range, "TransformerEncoder", {"num_layers", "0"}, [] {
    nn::TransformerEncoder({small_layer(), 0});
  });
  check_error(ErrorCode::range, "TransformerDecoder", {"num_layers", "-1"}, [] {
    nn::TransformerDecoder({small_layer(), -1});
  });
  nn::TransformerLayerOptions options = small_layer();
  options.dim_feedforward = 0;
  check_error(ErrorCode::range, "TransformerEncoderLayer", {"dim_feedforward", "0"},
              [&] { nn::TransformerEncoderLayer{options}; });
  check_error(ErrorCode::range, "TransformerDecoderLayer", {"dim_feedforward", "0"},
              [&] { nn::TransformerDecoderLayer{options}; });
  options = small_layer(1.5);
  check_error(ErrorCode::range, "MultiheadAttention", {"dropout", "1.5"},
              [&] { nn::TransformerEncoderLayer{options}; });
  std::vector<nn::KeyValueCache> caches(2, nn::KeyValueCache(4));
  const Tensor x = attn::zeros({1, 2, 4});
  check_error(ErrorCode::shape, "TransformerEncoderLayer", {"each of 1 layers", "2"},
              [&] { nn::TransformerEncoderLayer(small_layer()).forward(x, {.caches = caches}); });
  check_error(ErrorCode::shape, "TransformerDecoderLayer", {"each of 1 layers", "2"},
              [&] { nn::TransformerDecoderLayer(small_layer()).forward(x, x, {.caches = caches}); });
  check_error(ErrorCode::shape, "TransformerEncoder", {"each of 3 layers", "2"}, [&] {
    nn::TransformerEncoder({small_layer(), 3}).forward(x, {.caches = caches});
  });
  check_error(ErrorCode::shape, "MultiheadAttention", {"[1,2,4]", "[2,2,4]"}, [&] {
    nn::TransformerDecoder({small_layer(), 1}).forward(x, attn::zeros({2, 2, 4}));
  });
}
