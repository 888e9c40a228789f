// The documents' rows that train something: C7, D2, E7. E5 is a program alone, for its size; see
// examples/documents/main.cpp. What trains for long does so natively alone, without sanitizers.
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "../../examples/documents/documents.hpp"
#include "attn/instruction_set.hpp"
#include "helpers.hpp"

using namespace test;
using attn::models::Seq2SeqAttention;
using namespace documents;

TEST_CASE("the documents' texts and sentences as tokens") {
  CHECK(tokenize("The cat, it's  这个很棒.") ==
        std::vector<std::string>{"the", "cat", ",", "it", "'", "s", "这", "个", "很", "棒", "."});
  for (const char* language : {"en", "zh"}) {
    const Sentiment data = sentiment(language);
    // 20 and 10 templates, 8 things, 16 words; half of them praise.
    CHECK(data.train.size() == 20 * 8 * 16);
    CHECK(data.held_out.size() == 10 * 8 * 16);
    const auto praise = std::ranges::count_if(data.held_out, [](const Sentence& s) { return s.label == 1; });
    CHECK(praise == 5 * 8 * 16);
    // A held-out sentence is none of the others, and has no token that they lack.
    std::set<std::vector<std::int32_t>> known;
    std::set<std::int32_t> words;
    for (const Sentence& s : data.train) known.insert(s.tokens), words.insert(s.tokens.begin(), s.tokens.end());
    for (const Sentence& s : data.held_out) {
      CHECK_FALSE(known.contains(s.tokens));
      CHECK(std::ranges::all_of(s.tokens, [&](std::int32_t token) { return words.contains(token); }));
    }
  }
}

namespace {

/// Half a minute of training is worth it with one set of instructions; that all compute the same is tested elsewhere.
bool already_trained() { return attn::instruction_set() != attn::instruction_sets().front(); }

}  // namespace

TEST_CASE("C7: the encoder-decoder learns its four texts by heart, as an autoencoder and one word ahead") {
  if (already_trained()) return;
  for (const auto& [attention, task] : {std::pair{Seq2SeqAttention::additive, C7Task::autoencoder},
                                        {Seq2SeqAttention::general, C7Task::one_word_ahead}}) {
    std::ostringstream log;
    const C7Result result = train_c7({attention, task}, log);
    CAPTURE(log.str());
    CHECK(result.losses.size() >= 10);
    CHECK(result.losses[9] < result.losses[0]);
    CHECK(result.losses.back() < 0.05);
    CHECK(result.words_right == 1);
    REQUIRE(result.alignments.size() == 4);
    for (const Tensor& alignment : result.alignments) {
      const Tensor sums = attn::reduce(attn::ops::Reduction::sum, alignment, 1);
      for (const float sum : sums.values()) CHECK(std::abs(sum - 1) <= 4 * 20 * 0x1p-24f);  // of 20 weights
    }
  }
}

TEST_CASE("C7: shuffled words can only be looked up, and the alignment is mostly diagonal") {
  if (already_trained()) return;
  std::ostringstream log;
  const C7Result result = train_c7({Seq2SeqAttention::dot, C7Task::shuffled}, log);
  CAPTURE(log.str());
  CHECK(result.losses.back() < 0.05);
  CHECK(result.on_diagonal > 0.5);
}

TEST_CASE("D2: attention tells praise from blame in templates that it has never seen") {
  if (already_trained()) return;
  for (const char* language : {"en", "zh"}) {
    CAPTURE(language);
    std::ostringstream log;
    const D2Result result = train_d2(sentiment(language), 10, log);
    CAPTURE(log.str());
    CHECK(result.held_out.back().accuracy > 0.95);
  }
}

TEST_CASE("E7: what keeps a model from learning noise by heart") {
  if (already_trained()) return;
  std::ostringstream log;
  const auto [none, dropout, decay, early] = train_e7(log);
  CAPTURE(log.str());
  const auto kept = [](const Curve& curve) { return curve.validation[static_cast<std::size_t>(curve.kept)].loss; };
  // The least, since at this rate the loss jumps about between one epoch and the next.
  CHECK(std::ranges::min(none.train, {}, [](const auto& epoch) { return epoch.loss; }).loss < 0.1);
  CHECK(kept(dropout) < kept(none));
  CHECK(kept(decay) < kept(none));
  CHECK(kept(early) < kept(none));
  CHECK(early.validation.size() < none.validation.size());
}

TEST_CASE("E7: attention moves with the noise in its input") {
  if (already_trained()) return;
  std::ostringstream log;
  const Sentiment data = sentiment("en");
  const D2Result trained = train_d2(data, 3, log);
  const auto shifts = attention_under_noise(*trained.model, {data.held_out.begin(), data.held_out.begin() + 64}, log);
  CAPTURE(log.str());
  CHECK(shifts.front().moved == 0);
  for (std::size_t i = 1; i < shifts.size(); ++i) CHECK(shifts[i].moved > shifts[i - 1].moved);
  CHECK(shifts.back().moved < 1);
}
