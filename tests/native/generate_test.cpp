// Text from a GPT, with and without its cache.
#include "models/generate.hpp"

#include <algorithm>

#include "model_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using namespace attn::models;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr GPTConfig small_decoder{.vocab_size = 13, .max_length = 10, .d_model = 8, .num_heads = 4, .num_layers = 2};

/// With parameters so wide that no two logits are within rounding of one another.
std::unique_ptr<GPT> wide(const GPTConfig& config) {
  auto model = std::make_unique<GPT>(config);
  Random random(7);
  randomize(*model, random, 0.8f);
  return model;
}

/// The likeliest token after these, by the whole window anew.
std::int32_t likeliest_after(const GPT& model, const Tokens& tokens) {
  const std::size_t window = static_cast<std::size_t>(model.config().max_length);
  const auto seen = std::span<const std::int32_t>(tokens).last(std::min(tokens.size(), window));
  const Index steps = static_cast<Index>(seen.size());
  const Tensor logits = model.forward(Tensor::from(seen, {1, steps}));
  const auto last = logits.values().last(static_cast<std::size_t>(model.config().vocab_size));
  return static_cast<std::int32_t>(std::ranges::max_element(last) - last.begin());
}

}  // namespace

TEST_CASE("the cache does not change what is generated, whatever the positions, beyond the window too") {
  for (const Positions kind :
       {Positions::learned, Positions::sinusoidal, Positions::rotary, Positions::alibi, Positions::none})
    for (const Index groups : {4, 2})
      for (const Tokens& prompt : {Tokens{1, 12, 0, 5}, Tokens{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}) {
        CAPTURE(std::string(name_of(kind)));
        CAPTURE(groups);
        CAPTURE(prompt.size());
        GPTConfig config = small_decoder;
        config.positions = kind, config.num_kv_heads = groups;
        const auto model = wide(config);
        Tokens expected = prompt;
        for (int i = 0; i < 15; ++i) expected.push_back(likeliest_after(*model, expected));
        expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(prompt.size()));
        for (const bool cache : {true, false}) {
          CHECK(generate(*model, prompt, {.max_new_tokens = 15, .sampling = {.temperature = 0}, .use_cache = cache}) ==
                expected);
        }
        const Sampling lively{.repetition_penalty = 1.2, .temperature = 2, .top_k = 9, .top_p = 0.95};
        const Tokens drawn = generate(*model, prompt, {.max_new_tokens = 15, .sampling = lively, .seed = 5});
        CHECK(drawn ==
              generate(*model, prompt, {.max_new_tokens = 15, .sampling = lively, .seed = 5, .use_cache = false}));
        CHECK(drawn != generate(*model, prompt, {.max_new_tokens = 15, .sampling = lively, .seed = 6}));
      }
}

TEST_CASE("a cache holds keys and values of all blocks, and without one nothing is held") {
  const auto model = wide(small_decoder);
  const auto held = [&](bool cache) {
    std::size_t most = 0;
    const std::size_t before = attn::tensor_bytes();
    generate(*model, Tokens{1}, {.max_new_tokens = 5, .use_cache = cache}, [&](std::int32_t) {
      most = std::max(most, attn::tensor_bytes() - before);
      return true;
    });
    return most;
  };
  const std::size_t cache = 2 * 2 * 10 * 8 * sizeof(float);  // blocks · (keys and values) · steps · features
  CHECK(held(true) >= cache);
  CHECK(held(false) < cache);
}

TEST_CASE("generation ends where it is told to") {
  const auto model = wide(small_decoder);
  const Tokens prompt{4, 9};
  const GenerationOptions greedy{.max_new_tokens = 12, .sampling = {.temperature = 0}};
  const Tokens all = generate(*model, prompt, greedy);
  CHECK(all.size() == 12);

  GenerationOptions stopping = greedy;
  stopping.stop_token = all[4];
  const auto end = std::ranges::find(all, all[4]) + 1;
  CHECK(generate(*model, prompt, stopping) == Tokens(all.begin(), end));

  Tokens seen;
  const Tokens three = generate(*model, prompt, greedy, [&](std::int32_t token) {
    seen.push_back(token);
    return seen.size() < 3;
  });
  CHECK(three == Tokens(all.begin(), all.begin() + 3));
  CHECK(seen == three);

  GenerationOptions none = greedy;
  none.max_new_tokens = 0;
  CHECK(generate(*model, prompt, none).empty());
}

TEST_CASE("generation draws what sample draws, from the seed, with the prompt among what was there before") {
  const auto model = wide(small_decoder);
  const Tokens prompt{4, 9};
  for (const Sampling& sampling : {Sampling{}, Sampling{.repetition_penalty = 3, .temperature = 0},
                                   Sampling{.repetition_penalty = 1.5, .temperature = 3, .top_k = 7, .top_p = 0.9}})
    for (const std::uint64_t seed : {1u, 2u}) {
      attn::Generator generator(seed);
      Tokens tokens = prompt;
      while (tokens.size() < 10) {
        const std::span<const std::int32_t> seen = tokens;
        const Tensor logits = model->forward(Tensor::from(seen, {1, static_cast<Index>(seen.size())}));
        tokens.push_back(static_cast<std::int32_t>(sample(logits.values().last(13), tokens, sampling, generator)));
      }
      const Tokens got = generate(*model, prompt, {.max_new_tokens = 8, .sampling = sampling, .seed = seed});
      CHECK(got == Tokens(tokens.begin() + 2, tokens.end()));
    }
}

TEST_CASE("generation leaves no notes, and refuses what it cannot do") {
  GPTConfig dropping = small_decoder;
  dropping.dropout = 0.1;
  GPT model(dropping);
  check_error(ErrorCode::unsupported, "generate", {"training", "eval()"}, [&] { generate(model, Tokens{1}); });
  model.eval();
  CHECK(generate(model, Tokens{1}).size() == 20);
  const auto refuses = [&](std::initializer_list<std::string_view> pieces, const Tokens& prompt,
                           const GenerationOptions& options = {}) {
    check_error(ErrorCode::range, "generate", pieces, [&] { generate(model, prompt, options); });
  };
  refuses({"prompt must hold at least 1 token", "0"}, {});
  refuses({"token 1 of the prompt must be from 0 to 12", "13"}, {3, 13});
  refuses({"token 0 of the prompt", "-1"}, {-1});
  refuses({"max_new_tokens", "-1"}, {1}, {.max_new_tokens = -1});
  refuses({"stop_token must be from 0 to 12", "99"}, {1}, {.stop_token = 99});
  refuses({"top_p", "2.0"}, {1}, {.sampling = {.top_p = 2}});
}
