// The encoder-decoder Transformer.
#include "models/transformer.hpp"

#include <cmath>

#include "decode_helpers.hpp"
#include "model_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::models::Positions;
using attn::models::Transformer;
using attn::models::TransformerConfig;
using attn::ops::Unary;

namespace {

TransformerConfig small_transformer() {
  return {.source_vocab = 9,
          .target_vocab = 8,
          .max_length = 6,
          .d_model = 8,
          .num_heads = 2,
          .num_layers = 2,
          .dim_feedforward = 12,
          .dropout = 0};
}

// Sums of 8, 12 and 6 terms, some 40 of them behind one another, two layers deep on either side.
constexpr double kRoundings = 40 * 12;

}  // namespace

TEST_CASE("transformer: shapes, and a gradient for every parameter of every form") {
  for (const Positions positions : {Positions::sinusoidal, Positions::learned, Positions::none})
    for (const bool norm_first : {false, true}) {
      CAPTURE(name_of(positions));
      CAPTURE(norm_first);
      attn::manual_seed(1);
      TransformerConfig config = small_transformer();
      config.positions = positions;
      config.norm_first = norm_first;
      const Transformer model(config);
      CHECK(model.forward(source, lengths, target_in).shape() == Shape{2, 3, 8});
      model.loss(source, lengths, target_in, target_out).backward();
      for (const auto& [name, parameter] : model.named_parameters()) {
        CAPTURE(name);
        REQUIRE(parameter.grad().defined());
        CHECK(largest(parameter.grad()) > 0);
      }
    }
}

TEST_CASE("transformer: what stands behind a source's length changes nothing, nor does what comes later in a target") {
  attn::manual_seed(2);
  const Transformer model(small_transformer());
  const Tensor both = model.forward(source, lengths, target_in);
  check_same_bits(both, model.forward(integers({3, 4, 5, 6, 7, 8, 3, 5}, {2, 4}), lengths, target_in));
  check_same_logits(model.forward(integers({7, 8}, {1, 2}), {}, integers({1, 5, 6}, {1, 3})),
                    attn::slice(both, 0, 1, 2), kRoundings);
  CHECK(differ(attn::slice(model.forward(source, {}, target_in), 0, 1, 2), attn::slice(both, 0, 1, 2)));

  const Tensor other = model.forward(source, lengths, integers({1, 3, 7, 1, 5, 7}, {2, 3}));
  check_same_bits(attn::contiguous(attn::slice(other, 1, 0, 2)), attn::contiguous(attn::slice(both, 1, 0, 2)));
  CHECK(differ(attn::slice(other, 1, 2, 3), attn::slice(both, 1, 2, 3)));
}

TEST_CASE("transformer: a probe sees all of both stacks, and what it returns goes on") {
  attn::manual_seed(3);
  const Transformer model(small_transformer());
  Seen seen;
  const Tensor plain = model.forward(source, lengths, target_in);
  check_same_logits(model.forward(source, lengths, target_in, seen.probe()), plain, kRoundings);
  CHECK(seen.at("encoder.embed").shape() == Shape{2, 4, 8});
  CHECK(seen.at("encoder.layers.1.self_attn.weights").shape() == Shape{2, 2, 4, 4});
  CHECK(seen.at("decoder.embed").shape() == Shape{2, 3, 8});
  CHECK(seen.at("decoder.layers.0.self_attn.weights").shape() == Shape{2, 2, 3, 3});
  const Tensor cross = seen.at("decoder.layers.1.multihead_attn.weights");
  REQUIRE(cross.shape() == Shape{2, 2, 3, 4});
  for (Index row = 6; row < 12; ++row) CHECK((cross.values()[static_cast<std::size_t>(row) * 4 + 3] == 0));
  const Tensor logits = seen.at("logits");
  check_same_bits(logits, model.forward(source, lengths, target_in, seen.probe()));
  const Tensor blind = model.forward(
      source, lengths, target_in,
      replacing("decoder.layers.0.multihead_attn.z", [](const Tensor& x) { return attn::zeros(x.shape()); }));
  CHECK(differ(blind, plain));
}

TEST_CASE("transformer: each of its options tells") {
  const auto logits = [](const Function<void(TransformerConfig&)>& change) {
    attn::manual_seed(4);
    TransformerConfig config = small_transformer();
    change(config);
    return Transformer(config).forward(source, lengths, target_in);
  };
  const Tensor plain = logits([](auto&) {});
  CHECK(differ(logits([](auto& c) { c.positions = Positions::none; }), plain));
  CHECK(differ(logits([](auto& c) { c.activation = Unary::gelu; }), plain));
  CHECK(differ(logits([](auto& c) { c.norm_first = true; }), plain));
  CHECK(differ(logits([](auto& c) { c.num_heads = 4; }), plain));
  CHECK(differ(logits([](auto& c) { c.dropout = 0.3; }), plain));

  const auto count = [](const Function<void(TransformerConfig&)>& change) {
    TransformerConfig config = small_transformer();
    change(config);
    return Transformer(config).num_parameters();
  };
  const Index d = 8, f = 12, norm = 2 * d, attention = 4 * d * d + 4 * d, ff = 2 * d * f + d + f;
  const Index stacks = 2 * (attention + ff + 2 * norm) + 2 * (2 * attention + ff + 3 * norm);
  CHECK(count([](auto&) {}) == 9 * d + 8 * d + stacks + 8 * d + 8);
  CHECK(count([](auto& c) { c.source_vocab = 8, c.tie_embeddings = true; }) == 8 * d + stacks);
  CHECK(count([](auto& c) { c.positions = Positions::learned; }) == count([](auto&) {}) + 2 * 6 * d);
  CHECK(count([](auto& c) { c.dim_feedforward = 0; }) == count([](auto& c) { c.dim_feedforward = 32; }));
  CHECK(count([](auto& c) { c.num_layers = 1; }) == count([](auto&) {}) - stacks / 2);
  CHECK(count([](auto& c) { c.bias = false; }) < count([](auto&) {}));
}

TEST_CASE("transformer: decoding with kept keys and values says what forward finds likeliest") {
  for (const Positions positions : {Positions::sinusoidal, Positions::learned, Positions::none}) {
    CAPTURE(name_of(positions));
    attn::manual_seed(5);
    TransformerConfig config = small_transformer();
    config.positions = positions;
    Transformer model(config);
    model.eval();
    const auto greedy = model.decode(source, lengths);
    REQUIRE(greedy.size() == 2);
    for (std::size_t row = 0; row < 2; ++row) {
      const Tensor one = row == 0 ? integers({3, 4, 5, 6}, {1, 4}) : integers({7, 8}, {1, 2});
      std::vector<std::int32_t> in{1};
      double log_probability = 0;
      for (Index length = 1; length <= 6; ++length) {
        const Tensor all = model.forward(one, {}, Tensor::from(in, {1, length}));
        const Tensor last = attn::contiguous(attn::log_softmax(attn::slice(all, 1, length - 1, length), -1));
        const std::int32_t said = attn::models::argmax(last).data<std::int32_t>()[0];
        log_probability += static_cast<double>(last.values()[static_cast<std::size_t>(said)]);
        if (said == 2) break;
        in.push_back(said);
      }
      CHECK(greedy[row].tokens == std::vector<std::int32_t>(in.begin() + 1, in.end()));
      // Six steps, each with logits of a few units.
      CHECK(std::abs(greedy[row].score - log_probability) <= 6 * kRoundings * 4 * tolerance::rounding);
      if (greedy[row].tokens.empty()) continue;
      const Tensor& alignment = greedy[row].alignment;
      REQUIRE(alignment.shape() == Shape{static_cast<Index>(greedy[row].tokens.size()), one.size(1)});
      const Tensor sums = attn::reduce(attn::ops::Reduction::sum, alignment, 1);
      for (const float sum : sums.values()) CHECK(std::abs(sum - 1) <= 32 * 0x1p-24f);
    }
    const auto wide = model.decode(source, lengths, {.beams = 5});
    // Several hypotheses at once are rounded otherwise than one.
    for (std::size_t row = 0; row < 2; ++row)
      CHECK(wide[row].score >= greedy[row].score - 6 * kRoundings * 4 * tolerance::rounding);
  }
}

TEST_CASE("transformer: hypotheses that go on from one another keep their own keys and values") {
  TransformerConfig config = small_transformer();
  config.positions = Positions::learned;
  const Transformer model(config);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    randomize(model, random, 1);
    for (const auto& [name, x] : model.named_parameters())
      if (name == "output.bias") x.data()[2] = -5;  // or most would end at once
    const Tensor one = integers({3, 4, 5, 6}, {1, 4});
    const auto decoded = model.decode(one, {}, {.beams = 6}).front();
    const double want = log_probability(decoded.tokens, 6, [&](const Tensor& in) {
      const Tensor logits = model.forward(one, {}, in);
      REQUIRE(largest(logits) < 16);
      return logits;
    });
    CHECK(std::abs(decoded.score - want) <= 6 * kRoundings * 16 * tolerance::rounding);
  }
}

TEST_CASE("transformer: the config as JSON, and what it refuses") {
  TransformerConfig config = small_transformer();
  config.positions = Positions::learned;
  config.norm_first = true;
  config.tokens = {.pad = 4, .bos = 5, .eos = 6};
  const std::string text = to_json(config);
  CHECK(to_json(attn::models::transformer_config(text)) == text);
  CHECK(text.find("\"positions\":\"learned\"") != std::string::npos);

  const auto refused = [](const Function<void(TransformerConfig&)>& change, std::string_view piece) {
    TransformerConfig wrong = small_transformer();
    change(wrong);
    check_error(ErrorCode::range, "Transformer", {piece}, [&] { Transformer{wrong}; });
  };
  refused([](auto& c) { c.num_heads = 3; }, "num_heads");
  refused([](auto& c) { c.positions = Positions::rotary; }, "positions");
  refused([](auto& c) { c.activation = Unary::tanh; }, "activation");
  refused([](auto& c) { c.tie_embeddings = true; }, "equal vocabularies");
  refused([](auto& c) { c.tokens.pad = 1; }, "must differ");

  const Transformer model(small_transformer());
  const auto wrong = [&](ErrorCode code, std::string_view piece, const Tensor& s, const Tensor& l, const Tensor& t) {
    check_error(code, "Transformer", {piece}, [&] { model.forward(s, l, t); });
  };
  wrong(ErrorCode::shape, "at most 6 tokens, got [1,7]", integers({3, 3, 3, 3, 3, 3, 3}, {1, 7}), {}, target_in);
  wrong(ErrorCode::shape, "at most 6 tokens, got [2,7]", source, lengths,
        Tensor::from(std::vector<std::int32_t>(14, 3), {2, 7}));
  wrong(ErrorCode::type, "source must be int32", attn::zeros({2, 4}), lengths, target_in);
  wrong(ErrorCode::range, "source_lengths must be from 1 to 4, got 0", source, integers({4, 0}), target_in);
  check_error(ErrorCode::shape, "Transformer", {"at most 6 tokens"}, [&] {
    model.decode(integers({3, 3, 3, 3, 3, 3, 3}, {1, 7}));
  });
}
