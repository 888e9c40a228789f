// What a probe sees of a GPT, and what it can change.
#include <algorithm>

#include "model_helpers.hpp"
#include "models/gpt.hpp"

using namespace test;
using attn::ops::Unary;
using namespace attn::models;

TEST_CASE("a probe sees a GPT's activations in order, and changes nothing by looking") {
  Random random(2);
  for (const Positions kind : all_positions)
    for (const Index groups : {4, 2}) {
      CAPTURE(std::string(name_of(kind)));
      CAPTURE(groups);
      const GPT model(with(small_gpt, [&](auto& c) { c.positions = kind, c.num_kv_heads = groups; }));
      randomize(model, random, 0.5f);
      const Tensor tokens = random_tokens(random, 2, 7, 11);
      Seen seen;
      const Tensor probed = model.forward(tokens, seen.probe());
      std::vector<std::string> want{"embed"};
      for (const std::string block : {"blocks.0.", "blocks.1."})
        for (const char* part :
             {"ln1", "attn.q", "attn.k", "attn.v", "attn.scores", "attn.scaled", "attn.masked", "attn.weights",
              "attn.z", "attn.out", "resid_mid", "ln2", "mlp.post", "mlp.out", "resid_post"})
          want.push_back(block + part);
      want.insert(want.end(), {"ln_f", "logits"});
      CHECK(seen.names() == want);
      CHECK(seen.at("embed").shape() == Shape{2, 7, 8});
      CHECK(seen.at("blocks.1.attn.weights").shape() == Shape{2, 4, 7, 7});
      CHECK(seen.at("blocks.1.attn.k").shape() == Shape{2, groups, 7, 2});
      CHECK(seen.at("blocks.0.mlp.post").shape() == Shape{2, 7, 32});
      check_same_bits(seen.at("logits"), probed);
      check_same_logits(probed, model.forward(tokens), roundings(small_gpt));  // that of the fused path
    }
}

TEST_CASE("what a probe returns is what a GPT goes on with") {
  Random random(3);
  const GPTConfig config = with(small_gpt, [](auto& c) { c.num_layers = 1; });
  const GPT model(config);
  randomize(model, random, 0.5f);
  const Tensor tokens = random_tokens(random, 2, 6, 11);
  Seen seen;
  model.forward(tokens, seen.probe());
  const auto parameter = [&](std::string_view name) {
    for (const auto& [key, x] : model.state_dict())
      if (key == name) return x;
    return Tensor();
  };
  const auto add = [](const Tensor& a, const Tensor& b) { return attn::binary(attn::ops::Binary::add, a, b); };
  const auto norm = [&](const Tensor& x, const std::string& name) {
    return attn::layer_norm(x, parameter(name + ".weight"), parameter(name + ".bias"));
  };
  const auto project = [&](const Tensor& x, const std::string& name, std::optional<Unary> f = {}) {
    return attn::linear(x, parameter(name + ".weight"), parameter(name + ".bias"), f);
  };
  // The rest of the model behind z, by hand.
  const auto logits_from = [&](const Tensor& z) {
    const Tensor out = project(attn::reshape(attn::permute(z, {0, 2, 1, 3}), {2, 6, 8}), "blocks.0.attn.out_proj");
    const Tensor mid = add(seen.at("embed"), out);
    const Tensor post = project(norm(mid, "blocks.0.ln2"), "blocks.0.mlp.0", Unary::gelu);
    return project(norm(add(mid, project(post, "blocks.0.mlp.2")), "ln_f"), "head");
  };
  const Tensor plain = model.forward(tokens);
  check_same_logits(plain, logits_from(seen.at("blocks.0.attn.z")), roundings(config));

  const auto without_head_1 = [](const Tensor& x) {
    const Tensor out = Tensor::from(attn::contiguous(x).values(), x.shape());
    for (Index b = 0; b < x.size(0); ++b)
      std::ranges::fill(out.values().subspan(static_cast<std::size_t>((b * 4 + 1) * 6 * 2), 6 * 2), 0.0f);
    return out;
  };
  const Tensor ablated = model.forward(tokens, replacing("blocks.0.attn.z", without_head_1));
  check_same_logits(ablated, logits_from(without_head_1(seen.at("blocks.0.attn.z"))), roundings(config));
  CHECK(differ(ablated, plain));

  const Tensor even = attn::full({2, 4, 6, 6}, 1 / 6.0f);
  const Tensor averaged =
      model.forward(tokens, replacing("blocks.0.attn.weights", [&](const Tensor&) { return even; }));
  check_same_logits(averaged, logits_from(attn::matmul(even, seen.at("blocks.0.attn.v"))), roundings(config));
  CHECK(differ(averaged, plain));

  for (const std::string& name : seen.names()) {  // every activation matters, itself in its place does not
    CAPTURE(name);
    check_same_bits(model.forward(tokens, replacing(name, [](const Tensor& x) { return x; })), seen.at("logits"));
    CHECK(differ(model.forward(tokens, replacing(name,
                                                 [&](const Tensor& x) {
                                                   Random noise(9);
                                                   return noise.tensor(x.shape());
                                                 })),
                 plain));
  }
}
