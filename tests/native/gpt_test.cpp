// The decoder-only Transformer; that its numbers are right is golden_models_test's business.
#include "models/gpt.hpp"

#include <cmath>

#include "model_helpers.hpp"
#include "models/models.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Unary;
using namespace attn::models;

namespace {

Index parameters_of(const GPTConfig& config) { return GPT(config).num_parameters(); }

Tensor logits_at(const Tensor& logits, Index t) { return attn::contiguous(attn::slice(logits, 1, t, t + 1)); }

}  // namespace

TEST_CASE("a GPT gives logits for every position, and has the parameters that its config says") {
  Random random(1);
  const GPT model(small_gpt);
  CHECK(model.forward(random_tokens(random, 3, 5, 11)).shape() == Shape{3, 5, 11});
  const Index e = 8, f = 32, attention = 4 * e * e + 4 * e, mlp = 2 * e * f + f + e, norm = 2 * e;
  const Index whole = 11 * e + 9 * e + 2 * (attention + mlp + 2 * norm) + norm + 11 * e;
  CHECK(model.num_parameters() == whole);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.vocab_size = 12; })) == whole + 2 * e);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.max_length = 10; })) == whole + e);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.num_layers = 3; })) == whole + attention + mlp + 2 * norm);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.num_kv_heads = 4; })) == whole);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.num_kv_heads = 2; })) ==
        whole - 2 * (e * e + e));  // of k and v, half
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.dim_feedforward = 5; })) == whole - 2 * (f - 5) * (2 * e + 1));
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.norm = Norm::rms; })) == whole - 5 * e);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.bias = false; })) == whole - 2 * (4 * e + f + e) - 5 * e);
  CHECK(parameters_of(with(small_gpt, [](auto& c) { c.tie_weights = true; })) == whole - 11 * e);
  for (const Positions kind : all_positions)
    CHECK(parameters_of(with(small_gpt, [&](auto& c) { c.positions = kind; })) ==
          whole - (kind == Positions::learned ? 0 : 9 * e));
  CHECK(parameters_of(GPTConfig{.vocab_size = 65, .max_length = 64, .d_model = 128, .num_heads = 4, .num_layers = 4}) ==
        2 * 65 * 128 + 64 * 128 + 4 * (12 * 128 * 128 + 13 * 128) + 2 * 128);
}

TEST_CASE("a GPT's parameters have the names of the paper's parts") {
  std::vector<std::string> names;
  for (const auto& [name, x] :
       GPT(with(small_gpt, [](auto& c) { c.num_layers = 1, c.tie_weights = true; })).state_dict())
    names.push_back(name);
  const std::vector<std::string> want{"embed.weight",
                                      "positions.weight",
                                      "blocks.0.ln1.weight",
                                      "blocks.0.ln1.bias",
                                      "blocks.0.attn.in_proj_weight",
                                      "blocks.0.attn.in_proj_bias",
                                      "blocks.0.attn.out_proj.weight",
                                      "blocks.0.attn.out_proj.bias",
                                      "blocks.0.ln2.weight",
                                      "blocks.0.ln2.bias",
                                      "blocks.0.mlp.0.weight",
                                      "blocks.0.mlp.0.bias",
                                      "blocks.0.mlp.2.weight",
                                      "blocks.0.mlp.2.bias",
                                      "ln_f.weight",
                                      "ln_f.bias",
                                      "head.weight"};
  CHECK(names == want);
}

namespace {

void check_first_values(const GPTConfig& config, double embeddings, double matrices) {
  const GPT model(config);
  for (const auto& [name, x] : model.named_parameters()) {
    CAPTURE(name);
    if (x.rank() == 1) {
      const float want = name.ends_with("bias") ? 0.0f : 1.0f;
      check_all(
          x, [&](float v) { return v == want; }, "the first value");
      continue;
    }
    const bool residual = name.ends_with("out_proj.weight") || name.ends_with("mlp.2.weight");
    const bool table = name == "positions.weight" || (name == "embed.weight" && !config.tie_weights);
    check_deviation(x, residual ? matrices / 4 : table ? embeddings : matrices);  // √(2·8) = 4
  }
}

}  // namespace

TEST_CASE("a GPT begins with values that fit its width, GPT-2's at GPT-2's, the same for the same seed") {
  const GPTConfig config{.vocab_size = 300, .max_length = 100, .d_model = 64, .num_heads = 4, .num_layers = 8};
  attn::manual_seed(3);
  check_first_values(config, 0.24, 0.02 * std::sqrt(12.0));
  check_first_values(with(config, [](auto& c) { c.tie_weights = true; }), 0.24, 0.02 * std::sqrt(12.0));
  check_first_values(with(config, [](auto& c) { c.d_model = 16; }), 0.96, 0.02 * std::sqrt(48.0));
  check_first_values(with(config, [](auto& c) { c.initializer_range = 0.3; }), 0.3, 0.3);
  check_first_values(
      {.vocab_size = 20, .max_length = 20, .d_model = 768, .num_heads = 12, .num_layers = 8, .dim_feedforward = 16},
      0.02, 0.02);
  attn::manual_seed(3);
  const GPT model(config);
  attn::manual_seed(3);
  const GPT again(config);
  attn::manual_seed(4);
  const GPT other(config);
  check_same_bits(model.parameters()[4], again.parameters()[4]);
  CHECK(differ(model.parameters()[4], other.parameters()[4]));
}

TEST_CASE("later tokens do not change a GPT's earlier logits") {
  Random random(4);
  for (const Positions kind : all_positions) {
    CAPTURE(std::string(name_of(kind)));
    const GPT model(with(small_gpt, [&](auto& c) { c.positions = kind; }));
    randomize(model, random, 0.5f);
    const Tensor tokens = random_tokens(random, 1, 8, 11), before = model.forward(tokens);
    tokens.data<std::int32_t>()[5] = (tokens.data<std::int32_t>()[5] + 1) % 11;
    const Tensor after = model.forward(tokens);
    for (Index t = 0; t < 5; ++t) check_same_bits(logits_at(before, t), logits_at(after, t));
    for (Index t = 5; t < 8; ++t) CHECK(differ(logits_at(before, t), logits_at(after, t)));
  }
}

TEST_CASE("only without positions does one block not see the order of earlier tokens") {
  Random random(5);
  for (const Positions kind : all_positions) {
    CAPTURE(std::string(name_of(kind)));
    const GPT model(with(small_gpt, [&](auto& c) { c.positions = kind, c.num_layers = 1; }));
    randomize(model, random, 0.5f);
    const Tensor a = integers({1, 2, 3, 4}, {1, 4}), b = integers({3, 1, 2, 4}, {1, 4});
    const Tensor x = logits_at(model.forward(a), 3), y = logits_at(model.forward(b), 3);
    if (kind == Positions::none)
      check_same_logits(x, y, roundings(small_gpt));
    else
      CHECK(differ(x, y));
  }
}

TEST_CASE("steps with caches give the logits of the whole") {
  Random random(6);
  for (const Positions kind : all_positions)
    for (const Index groups : {4, 1}) {
      CAPTURE(std::string(name_of(kind)));
      CAPTURE(groups);
      const GPTConfig config = with(small_gpt, [&](auto& c) { c.positions = kind, c.num_kv_heads = groups; });
      const GPT model(config);
      randomize(model, random, 0.5f);
      const Tensor tokens = random_tokens(random, 2, 9, 11), whole = model.forward(tokens);
      const attn::NoGrad quiet;
      auto caches = model.caches();
      Index from = 0;
      for (const Index to : {4, 5, 6, 8, 9}) {
        const Tensor part = model.logits(model.hidden(attn::slice(tokens, 1, from, to), caches));
        check_same_logits(part, attn::contiguous(attn::slice(whole, 1, from, to)), roundings(config));
        from = to;
      }
      check_error(ErrorCode::shape, "GPT", {"T from 1 to 0", "[2,1]"},
                  [&] { model.hidden(attn::slice(tokens, 1, 0, 1), caches); });
    }
}

TEST_CASE("a GPT drops at random while training alone") {
  Random random(7);
  GPT model(with(small_gpt, [](auto& c) { c.dropout = 0.5; }));
  randomize(model, random, 0.5f);
  const Tensor tokens = random_tokens(random, 2, 6, 11);
  const Tensor one = model.forward(tokens), two = model.forward(tokens);
  CHECK(differ(one, two));
  attn::manual_seed(8);
  const Tensor three = model.forward(tokens);
  attn::manual_seed(8);
  check_same_bits(model.forward(tokens), three);
  // Everything is dropped, the embedding before all, and what blocks add: their biases alone are left for the head.
  GPT nothing(with(small_gpt, [](auto& c) { c.dropout = 1; }));
  randomize(nothing, random, 0.5f);
  const Tensor logits = nothing.forward(tokens);
  for (Index t = 1; t < 6; ++t) check_same_bits(logits_at(logits, 0), logits_at(logits, t));
  model.eval();
  check_same_bits(model.forward(tokens), model.forward(tokens));
  const GPT sure(small_gpt);
  attn::Generator before = attn::default_generator();
  sure.forward(tokens);
  CHECK(before.next() == attn::default_generator().next());  // without dropout nothing is drawn
}

TEST_CASE("a GPT drops embeddings, attention weights, and what its blocks add") {
  Random random(10);
  GPT model(with(small_gpt, [](auto& c) { c.dropout = 0.5; }));
  randomize(model, random, 0.5f);
  Seen seen;
  model.forward(random_tokens(random, 10, 6, 11), seen.probe());
  check_half(seen.at("embed"), attn::zeros({10, 6, 8}));
  check_half(seen.at("blocks.0.resid_mid"), seen.at("embed"));
  check_half(seen.at("blocks.0.resid_post"), seen.at("blocks.0.resid_mid"));
  CHECK(differ(seen.at("blocks.0.attn.z"), attn::matmul(seen.at("blocks.0.attn.weights"), seen.at("blocks.0.attn.v"))));
}

TEST_CASE("a GPT's loss and gradients are the same bits with any number of threads") {
  Random random(11);
  const GPT model({.vocab_size = 50, .max_length = 40, .d_model = 64, .num_heads = 4, .num_layers = 2});
  const Tensor tokens = random_tokens(random, 3, 40, 50), targets = random_tokens(random, 3, 40, 50);
  std::vector<Tensor> first;
  for (const int n : thread_counts()) {
    const Threads threads(n);
    std::vector<Tensor> got{model.loss(tokens, targets)};
    got.front().backward();
    for (const Tensor& x : model.parameters()) {
      got.push_back(x.grad());
      x.set_grad({});
    }
    if (first.empty()) first = got;
    for (std::size_t i = 0; i < got.size(); ++i) check_same_bits(got[i], first[i]);
  }
}

TEST_CASE("a GPT's loss is the mean over the positions that count") {
  Random random(8);
  const GPT model(small_gpt);
  randomize(model, random, 0.5f);
  const Tensor tokens = random_tokens(random, 2, 4, 11), targets = random_tokens(random, 2, 4, 11);
  targets.data<std::int32_t>()[1] = targets.data<std::int32_t>()[6] = -100;
  const Array logits = exact(model.forward(tokens));
  double sum = 0, magnitude = 0;
  for (Index i = 0; i < 8; ++i) {
    const Index target = targets.data<std::int32_t>()[i];
    if (target == -100) continue;
    double total = 0;
    for (Index v = 0; v < 11; ++v) total += std::exp(logits[i * 11 + v]);
    sum += std::log(total) - logits[i * 11 + target];
    magnitude += std::abs(std::log(total)) + std::abs(logits[i * 11 + target]);
  }
  // A loss is a sum of 11 exponentials, a logarithm and a difference; then come 6 losses and a division.
  const double bound = (11 + 4 + 1 + 6 + 2) * tolerance::rounding * magnitude / 6;
  check_close(model.loss(tokens, targets), Array{{}, {sum / 6}}, bound);
  check_error(ErrorCode::shape, "GPT", {"targets must be [2,4]", "[2,3]"},
              [&] { model.loss(tokens, attn::slice(targets, 1, 0, 3)); });
  model.loss(tokens, targets).backward();
  for (const auto& [name, x] : model.named_parameters()) {
    CAPTURE(name);
    REQUIRE(x.grad().defined());
    CHECK(largest(x.grad()) > 0);
  }
}

TEST_CASE("a GPT's config as JSON") {
  const GPTConfig config{.vocab_size = 5,
                         .max_length = 6,
                         .d_model = 12,
                         .num_heads = 4,
                         .num_layers = 3,
                         .num_kv_heads = 2,
                         .dim_feedforward = 7,
                         .dropout = 0.1,
                         .activation = Unary::silu,
                         .norm = Norm::rms,
                         .positions = Positions::alibi,
                         .bias = false,
                         .tie_weights = true,
                         .initializer_range = 0.5};
  constexpr const char* text =
      R"({"vocab_size":5,"max_length":6,"d_model":12,"num_heads":4,"num_layers":3,"num_kv_heads":2,)"
      R"("dim_feedforward":7,"dropout":0.1,"activation":"silu","norm":"rms","positions":"alibi","bias":false,)"
      R"("tie_weights":true,"initializer_range":0.5})";
  CHECK(to_json(config) == text);
  CHECK(to_json(gpt_config(text)) == text);
  CHECK(to_json(GPT(config).config()) == text);
  const auto made = std::dynamic_pointer_cast<GPT>(make("gpt", text));
  REQUIRE(made);
  CHECK(to_json(made->config()) == text);
  CHECK(to_json(gpt_config(R"({"vocab_size":11,"max_length":9,"d_model":8,"num_heads":4,"num_layers":2})")) ==
        to_json(small_gpt));
}

TEST_CASE("what a GPT refuses") {
  const auto refuses = [](std::initializer_list<std::string_view> pieces, const Function<void(GPTConfig&)>& change) {
    check_error(ErrorCode::range, "GPT", pieces, [&] { GPT model(with(small_gpt, change)); });
  };
  refuses({"vocab_size must be at least 1", "0"}, [](auto& c) { c.vocab_size = 0; });
  refuses({"max_length", "-1"}, [](auto& c) { c.max_length = -1; });
  refuses({"d_model", "0"}, [](auto& c) { c.d_model = 0; });
  refuses({"num_heads", "0"}, [](auto& c) { c.num_heads = 0; });
  refuses({"num_layers", "0"}, [](auto& c) { c.num_layers = 0; });
  refuses({"num_heads must divide d_model 8", "3"}, [](auto& c) { c.num_heads = 3; });
  refuses({"num_kv_heads must divide num_heads 4", "3"}, [](auto& c) { c.num_kv_heads = 3; });
  refuses({"dim_feedforward", "-2"}, [](auto& c) { c.dim_feedforward = -2; });
  refuses({"dropout must be from 0 to 1", "1.5"}, [](auto& c) { c.dropout = 1.5; });
  refuses({"activation must be gelu, relu or silu"}, [](auto& c) { c.activation = Unary::exp; });
  refuses({"rotary", "odd", "1"}, [](auto& c) { c.num_heads = 8, c.positions = Positions::rotary; });
  check_error(ErrorCode::type, "GPT", {"num_layers must be an integer", "\"2\""},
              [] { make("gpt", R"({"vocab_size":1,"max_length":1,"d_model":1,"num_heads":1,"num_layers":"2"})"); });

  const GPT model(small_gpt);
  Random random(9);
  check_error(ErrorCode::type, "GPT", {"tokens must be int32", "float32"}, [&] { model.forward(attn::zeros({1, 2})); });
  check_error(ErrorCode::type, "GPT", {"tokens must be int32", "none"}, [&] { model.forward({}); });
  check_error(ErrorCode::shape, "GPT", {"[B,T]", "1 to 9", "[1,10]"},
              [&] { model.forward(random_tokens(random, 1, 10, 11)); });
  check_error(ErrorCode::shape, "GPT", {"[B,T]", "[2]"}, [&] { model.forward(integers({1, 2})); });
  check_error(ErrorCode::shape, "GPT", {"[1,0]"}, [&] { model.forward(Tensor::empty({1, 0}, attn::DType::int32)); });
  for (const std::int32_t token : {-1, 11})
    check_error(ErrorCode::range, "GPT", {"tokens must be from 0 to 10", std::to_string(token)}, [&] {
      model.forward(integers({token}, {1, 1}));
    });
  const attn::NoGrad quiet;
  std::vector<attn::nn::KeyValueCache> one(1, attn::nn::KeyValueCache(4));
  check_error(ErrorCode::range, "GPT", {"caches", "2 blocks", "1"},
              [&] { model.hidden(random_tokens(random, 1, 2, 11), one); });
}
