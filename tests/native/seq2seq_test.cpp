// The GRU encoder-decoder with attention.
#include "models/seq2seq.hpp"

#include <cmath>
#include <map>

#include "decode_helpers.hpp"
#include "model_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Probe;
using attn::models::DecodeOptions;
using attn::models::Seq2Seq;
using attn::models::Seq2SeqAttention;
using attn::models::Seq2SeqConfig;

namespace {

constexpr Seq2SeqAttention all_kinds[] = {Seq2SeqAttention::additive, Seq2SeqAttention::dot, Seq2SeqAttention::general};

Seq2SeqConfig small_seq2seq(Seq2SeqAttention kind = Seq2SeqAttention::additive) {
  return {.source_vocab = 9, .target_vocab = 8, .embedding_dim = 5, .hidden_size = 6, .attention = kind};
}

/// Everything that passes a probe, by name.
std::map<std::string, Tensor> seen_by(const Seq2Seq& model, double teacher_forcing = 1) {
  std::map<std::string, Tensor> seen;
  model.forward(source, lengths, target_in, teacher_forcing, Probe([&](const std::string& name, const Tensor& x) {
                  CHECK_MESSAGE(seen.emplace(name, x).second, name << " is seen twice");
                  return x;
                }));
  return seen;
}

double sum_of_squares(const Tensor& x) {
  double sum = 0;
  for (const float v : x.values()) sum += static_cast<double>(v) * static_cast<double>(v);
  return sum;
}

}  // namespace

TEST_CASE("seq2seq: shapes, weights that sum to 1 and are 0 on padding, a gradient for every parameter") {
  for (const Seq2SeqAttention kind : all_kinds)
    for (const bool bidirectional : {false, true})
      for (const Index layers : {1, 2}) {
        CAPTURE(name_of(kind));
        CAPTURE(bidirectional);
        CAPTURE(layers);
        attn::manual_seed(1);
        Seq2SeqConfig config = small_seq2seq(kind);
        config.bidirectional = bidirectional;
        config.num_layers = layers;
        const Seq2Seq model(config);
        const auto [logits, alignment] = model.forward(source, lengths, target_in);
        CHECK(logits.shape() == Shape{2, 3, 8});
        REQUIRE(alignment.shape() == Shape{2, 3, 4});
        for (Index row = 0; row < 6; ++row) {
          const float* weights = alignment.data() + row * 4;
          // 4 weights, each with the error of exp and of the division, are added up.
          CHECK(std::abs(weights[0] + weights[1] + weights[2] + weights[3] - 1) <= 16 * 0x1p-24f);
          if (row >= 3) CHECK(weights[2] == 0.0f);
          if (row >= 3) CHECK(weights[3] == 0.0f);
        }
        model.loss(source, lengths, target_in, target_out).backward();
        for (const auto& [name, parameter] : model.named_parameters()) {
          CAPTURE(name);
          REQUIRE(parameter.grad().defined());
          CHECK(sum_of_squares(parameter.grad()) > 0);
        }
      }
}

TEST_CASE("seq2seq: what stands behind a source's length changes nothing") {
  for (const Seq2SeqAttention kind : all_kinds)
    for (const bool bidirectional : {false, true}) {
      CAPTURE(name_of(kind));
      CAPTURE(bidirectional);
      attn::manual_seed(2);
      Seq2SeqConfig config = small_seq2seq(kind);
      config.bidirectional = bidirectional;
      config.num_layers = 2;
      const Seq2Seq model(config);
      const auto both = model.forward(source, lengths, target_in);
      const auto other = model.forward(integers({3, 4, 5, 6, 7, 8, 3, 5}, {2, 4}), lengths, target_in);
      check_same_bits(both.logits, other.logits);
      // The second source alone, without its padding. Products of another size may add up in another order: through
      // some 10 of them of up to 12 terms, with slopes of at most 1 and logits of a few units.
      const auto alone = model.forward(integers({7, 8}, {1, 2}), {}, integers({1, 5, 6}, {1, 3}));
      const Tensor second = attn::slice(both.logits, 0, 1, 2);
      check_close(alone.logits, exact(second), 10 * 12 * 4 * tolerance::rounding);
      // Without lengths the padding is part of the source.
      const auto without = model.forward(source, {}, target_in);
      double moved = 0;
      for (std::size_t i = 24; i < 48; ++i)
        moved += std::abs(static_cast<double>(both.logits.values()[i] - without.logits.values()[i]));
      CHECK(moved > 1e-3);
    }
}

TEST_CASE("seq2seq: activations follow the papers' formulae, and what a probe returns goes on") {
  for (const Seq2SeqAttention kind : all_kinds) {
    CAPTURE(name_of(kind));
    attn::manual_seed(3);
    const Seq2Seq model(small_seq2seq(kind));
    auto seen = seen_by(model);
    const bool steps = kind == Seq2SeqAttention::additive;
    const std::string at = steps ? "decoder.steps.1.attn." : "decoder.attn.";
    const Tensor weights = seen.at(at + "weights"), memory = seen.at("encoder.layers.0");
    CHECK(weights.shape() == Shape{2, steps ? 1 : 3, 4});
    check_same_bits(attn::softmax(seen.at(at + "masked"), -1), weights);
    check_same_bits(attn::matmul(weights, memory), seen.at(at + "z"));
    CHECK(seen.at("decoder.attentional").shape() == Shape{2, 3, 6});
    CHECK(seen.at("logits").shape() == Shape{2, 3, 8});
    CHECK(seen.at("encoder.embed").shape() == Shape{2, 4, 5});
    CHECK(seen.at("decoder.embed").shape() == Shape{2, 3, 5});

    const auto with = [&](const std::string& name, const Tensor& other) {
      return model.forward(source, lengths, target_in, 1,
                           Probe([&](const std::string& each, const Tensor& x) { return each == name ? other : x; }));
    };
    const auto same = model.forward(source, lengths, target_in);
    // All weight on the first token: z is that token's state.
    Tensor first = attn::zeros(weights.shape());
    for (Index row = 0; row < first.numel() / 4; ++row) first.data()[row * 4] = 1;
    const auto changed = with(at + "weights", first);
    CHECK(attn::slice(changed.alignment, 1, 1, 2).data()[0] == 1.0f);
    CHECK(changed.logits.values()[8] != same.logits.values()[8]);
    const auto flat = with(at + "scores", attn::zeros(weights.shape()));
    CHECK(attn::slice(flat.alignment, 1, 1, 2).data()[0] == 0.25f);
  }
}

TEST_CASE("seq2seq: a decoder that reads its own tokens equals one that is given them") {
  for (const Seq2SeqAttention kind : all_kinds) {
    CAPTURE(name_of(kind));
    attn::manual_seed(4);
    const Seq2Seq model(small_seq2seq(kind));
    const auto own = model.forward(source, lengths, target_in, 0);
    const Tensor said = attn::models::argmax(own.logits);  // [2,3]
    const std::int32_t* s = said.data<std::int32_t>();
    const auto given = model.forward(source, lengths, integers({1, s[0], s[1], 1, s[3], s[4]}, {2, 3}));
    // The same numbers by products of other sizes: see above.
    check_close(own.logits, exact(given.logits), 10 * 12 * 4 * tolerance::rounding);
    check_close(own.alignment, exact(given.alignment), 10 * 12 * tolerance::rounding);
  }
}

TEST_CASE("seq2seq: teacher forcing is drawn from the default generator") {
  attn::manual_seed(5);
  const Seq2Seq model(small_seq2seq());
  const auto run = [&](double share, std::uint64_t seed) {
    attn::manual_seed(seed);
    return model.forward(source, lengths, target_in, share).logits;
  };
  check_same_bits(run(0.5, 1), run(0.5, 1));
  const Tensor forced = run(1, 1), own = run(0, 1);
  const auto equal = [](const Tensor& a, const Tensor& b) { return std::ranges::equal(a.values(), b.values()); };
  CHECK_FALSE(equal(forced, own));
  bool mixed = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) mixed |= !equal(run(0.5, seed), run(0.5, 1));
  CHECK(mixed);
}

TEST_CASE("seq2seq: decoding says what forward finds likeliest; wider beams say nothing less likely") {
  for (const Seq2SeqAttention kind : all_kinds) {
    CAPTURE(name_of(kind));
    attn::manual_seed(6);
    Seq2SeqConfig config = small_seq2seq(kind);
    config.num_layers = 2;
    Seq2Seq model(config);
    model.eval();
    const auto greedy = model.decode(source, lengths, {.max_length = 6});
    REQUIRE(greedy.size() == 2);
    for (std::size_t row = 0; row < 2; ++row) {
      const Tensor one = row == 0 ? integers({3, 4, 5, 6}, {1, 4}) : integers({7, 8}, {1, 2});
      std::vector<std::int32_t> in{1};
      double log_probability = 0;
      for (Index length = 1; length <= 6; ++length) {
        const auto step = model.forward(one, {}, Tensor::from(in, {1, length}));
        const Tensor last = attn::log_softmax(attn::slice(step.logits, 1, length - 1, length), -1);
        const std::int32_t said = attn::models::argmax(last).data<std::int32_t>()[0];
        log_probability += static_cast<double>(attn::contiguous(last).values()[static_cast<std::size_t>(said)]);
        if (said == 2) break;
        in.push_back(said);
      }
      CHECK(greedy[row].tokens == std::vector<std::int32_t>(in.begin() + 1, in.end()));
      CHECK(std::abs(greedy[row].score - log_probability) <= 6 * 10 * 12 * 4 * tolerance::rounding);
      if (!greedy[row].tokens.empty())
        CHECK(greedy[row].alignment.shape() == Shape{static_cast<Index>(greedy[row].tokens.size()), one.size(1)});
    }
    const auto wide = model.decode(source, lengths, {.max_length = 6, .beams = 5});
    // Several hypotheses at once are rounded otherwise than one.
    for (std::size_t row = 0; row < 2; ++row)
      CHECK(wide[row].score >= greedy[row].score - 6 * 10 * 12 * 4 * tolerance::rounding);
  }
}

TEST_CASE("seq2seq: hypotheses that go on from one another keep their own states") {
  for (const Seq2SeqAttention kind : all_kinds) {
    CAPTURE(name_of(kind));
    Seq2SeqConfig config = small_seq2seq(kind);
    config.num_layers = 2;
    const Seq2Seq model(config);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      CAPTURE(seed);
      Random random(seed);
      randomize(model, random, 1);
      for (const auto& [name, x] : model.named_parameters())
        if (name == "output.bias") x.data()[2] = -3;  // or most would end at once

      const Tensor one = integers({3, 4, 5, 6}, {1, 4});
      const auto decoded = model.decode(one, {}, {.max_length = 6, .beams = 6}).front();
      const double want = log_probability(decoded.tokens, 6, [&](const Tensor& in) {
        const Tensor logits = model.forward(one, {}, in).logits;
        REQUIRE(largest(logits) < 16);
        return logits;
      });
      // A step's logits pass sums of some 50 terms one behind the other, and come from up to 6 steps, whose logits are
      // added up; gates keep states within 1, so that a relative error does not grow from step to step.
      CHECK(std::abs(decoded.score - want) <= 6 * (6 * 50) * 16 * tolerance::rounding);
    }
  }
}

TEST_CASE("seq2seq: dropout, tied embeddings, and the parameters' number") {
  attn::manual_seed(7);
  Seq2SeqConfig config = small_seq2seq();
  config.dropout = 0.5;
  Seq2Seq model(config);
  const auto run = [&] { return model.forward(source, lengths, target_in).logits; };
  CHECK_FALSE(std::ranges::equal(run().values(), run().values()));
  model.eval();
  check_same_bits(run(), run());

  // Embeddings; encoder: two directions of 3 gates of 3, on 5 inputs; bridge; decoder: 3 gates of 6 on 5 + 6 inputs;
  // W_q, W_k, v; W_c; W_o and its bias.
  const Index encoder = 2 * (9 * 5 + 9 * 3 + 2 * 9), decoder = 18 * 11 + 18 * 6 + 2 * 18;
  CHECK(model.num_parameters() == 9 * 5 + 8 * 5 + encoder + (36 + 6) + decoder + (36 + 36 + 6) + 6 * 12 + (8 * 6 + 8));

  config.source_vocab = 8;
  config.tie_embeddings = true;
  const Seq2Seq tied(config);
  CHECK(tied.num_parameters() == model.num_parameters() - 9 * 5);
  CHECK(tied.state_dict().size() == model.state_dict().size());
}

TEST_CASE("seq2seq: the config as JSON, and what it refuses") {
  Seq2SeqConfig config = small_seq2seq(Seq2SeqAttention::general);
  config.num_layers = 3;
  config.bidirectional = false;
  config.dropout = 0.25;
  config.tokens = {.pad = 4, .bos = 5, .eos = 6};
  const std::string text = to_json(config);
  CHECK(to_json(attn::models::seq2seq_config(text)) == text);
  for (const char* piece :
       {"\"attention\":\"general\"", "\"num_layers\":3", "\"bidirectional\":false", "\"eos_token\":6"})
    CHECK_MESSAGE(text.find(piece) != std::string::npos, text);

  const auto refused = [](const Function<void(Seq2SeqConfig&)>& change, std::string_view piece) {
    Seq2SeqConfig wrong = small_seq2seq();
    change(wrong);
    check_error(ErrorCode::range, "Seq2Seq", {piece}, [&] { Seq2Seq{wrong}; });
  };
  refused([](auto& c) { c.source_vocab = 0; }, "source_vocab");
  refused([](auto& c) { c.hidden_size = 7; }, "hidden_size must be even");
  refused([](auto& c) { c.num_layers = 0; }, "num_layers");
  refused([](auto& c) { c.dropout = 2; }, "dropout");
  refused([](auto& c) { c.tie_embeddings = true; }, "equal vocabularies, got source_vocab 9 and target_vocab 8");
  refused([](auto& c) { c.tokens.eos = 8; }, "eos_token must be below both vocabularies' sizes, 8, got 8");
  refused([](auto& c) { c.tokens.bos = 0; }, "must differ");
}

TEST_CASE("seq2seq: inputs that it refuses") {
  const Seq2Seq model(small_seq2seq());
  const auto refused = [&](ErrorCode code, std::string_view piece, const Tensor& s, const Tensor& l, const Tensor& t,
                           double share = 1) {
    check_error(code, "Seq2Seq", {piece}, [&] { model.forward(s, l, t, share); });
  };
  refused(ErrorCode::type, "source must be int32, got float32", attn::zeros({2, 4}), lengths, target_in);
  refused(ErrorCode::type, "target_in must be int32, got none", source, lengths, {});
  refused(ErrorCode::shape, "target_in must be [B,T]", source, lengths, integers({1}));
  refused(ErrorCode::shape, "rows of source [2,4], got [1,2]", source, lengths, integers({1, 3}, {1, 2}));
  refused(ErrorCode::shape, "source_lengths must be [2]", source, integers({4}), target_in);
  refused(ErrorCode::type, "source_lengths must be int32", source, attn::zeros({2}), target_in);
  refused(ErrorCode::range, "source_lengths must be from 1 to 4, got 5", source, integers({4, 5}), target_in);
  refused(ErrorCode::range, "source_lengths must be from 1 to 4, got 0", source, integers({4, 0}), target_in);
  refused(ErrorCode::range, "teacher_forcing", source, lengths, target_in, 1.5);
  check_error(ErrorCode::range, "embedding", {"got 9"}, [&] {
    model.forward(integers({9}, {1, 1}), {}, integers({1}, {1, 1}));
  });
  check_error(ErrorCode::shape, "sequence_loss", {"[2,3]"}, [&] {
    model.loss(source, lengths, target_in, integers({1, 2}));
  });
}
