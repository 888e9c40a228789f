// Beam search against the search of every sequence, on a model whose next token depends on all before it.
#include "models/beam.hpp"

#include <cmath>
#include <map>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::models::BeamStep;
using attn::models::Decoded;
using attn::models::DecodeOptions;

namespace {

using Tokens = std::vector<std::int32_t>;

/// A row of logits for every prefix, drawn when it is first asked for; the alignment of a step says where its prefix
/// ends, by length and last token.
class Oracle {
 public:
  static constexpr std::int32_t kBegin = 9, kEnd = 0;

  Oracle(Index vocabulary, std::uint64_t seed) : vocabulary_(vocabulary), seed_(seed) {}

  const std::vector<float>& logits(const Tokens& prefix) {
    auto [at, fresh] = rows_.try_emplace(prefix);
    if (fresh) {
      std::uint64_t key = seed_;
      for (const std::int32_t token : prefix) key = key * 31 + static_cast<std::uint64_t>(token) + 1;
      Random random(key);
      for (Index i = 0; i < vocabulary_; ++i) at->second.push_back(random.uniform(-2, 2));
    }
    return at->second;
  }
  double log_probability(const Tokens& prefix, std::int32_t token) {
    double sum = 0;
    for (const float v : logits(prefix)) sum += std::exp(static_cast<double>(v));
    return static_cast<double>(logits(prefix)[static_cast<std::size_t>(token)]) - std::log(sum);
  }

  /// The step function, which keeps the prefix of each hypothesis.
  attn::models::Advance advance() {
    return [this, prefixes = std::vector<Tokens>(1)](const Tensor& tokens, const Tensor& parents) mutable {
      std::vector<Tokens> next;
      std::vector<float> logits_of_all, alignment;
      for (std::size_t row = 0; row < tokens.values<std::int32_t>().size(); ++row) {
        next.push_back(prefixes[static_cast<std::size_t>(parents.values<std::int32_t>()[row])]);
        const std::int32_t token = tokens.values<std::int32_t>()[row];
        if (token != kBegin) next.back().push_back(token);
        const auto& all = logits(next.back());
        logits_of_all.insert(logits_of_all.end(), all.begin(), all.end());
        alignment.push_back(static_cast<float>(next.back().size()));
        alignment.push_back(static_cast<float>(token));
      }
      prefixes = next;
      ++steps;
      const auto rows = static_cast<Index>(next.size());
      return BeamStep{Tensor::from(logits_of_all, {rows, vocabulary_}), Tensor::from(alignment, {rows, 2})};
    };
  }

  /// The best of all sequences that end, or have max_length tokens.
  Decoded best(const DecodeOptions& o) {
    Decoded out{.score = -std::numeric_limits<double>::infinity()};
    extend({}, 0, o, out);
    return out;
  }

  Index steps = 0;

 private:
  void extend(const Tokens& prefix, double log_probability_so_far, const DecodeOptions& o, Decoded& best) {
    const auto length = static_cast<Index>(prefix.size()) + 1;
    const double by = std::pow((5.0 + static_cast<double>(length)) / 6, o.length_penalty);
    for (std::int32_t token = 0; token < static_cast<std::int32_t>(vocabulary_); ++token) {
      const double reached = log_probability_so_far + log_probability(prefix, token);
      Tokens longer = prefix;
      if (token != kEnd) longer.push_back(token);
      if (token == kEnd || length == o.max_length) {
        if (reached / by > best.score) best = {longer, reached / by, {}};
      } else {
        extend(longer, reached, o, best);
      }
    }
  }

  Index vocabulary_;
  std::uint64_t seed_;
  std::map<Tokens, std::vector<float>> rows_;
};

Decoded search(Oracle& oracle, const DecodeOptions& options) {
  return attn::models::beam_search(oracle.advance(), Oracle::kBegin, Oracle::kEnd, options);
}

/// log_softmax of one step is within 8 roundings of the largest of its terms, which are below 8 here; steps add up.
double score_tolerance(Index steps) { return static_cast<double>(steps) * 8 * 8 * tolerance::rounding; }

}  // namespace

TEST_CASE("a beam that holds every sequence finds the best one") {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const double length_penalty : {0.0, 0.6, 2.0}) {
      CAPTURE(seed);
      CAPTURE(length_penalty);
      Oracle oracle(4, seed);
      const DecodeOptions options{.max_length = 4, .beams = 256, .length_penalty = length_penalty};
      const Decoded want = oracle.best(options), got = search(oracle, options);
      CHECK(got.tokens == want.tokens);
      CHECK(std::abs(got.score - want.score) <= score_tolerance(4));
    }
}

TEST_CASE("one beam takes the likeliest token of each step") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Oracle oracle(5, seed);
    Tokens want;
    while (want.size() < 6) {
      const auto& row = oracle.logits(want);
      const auto token = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
      if (token == Oracle::kEnd) break;
      want.push_back(token);
    }
    CHECK(search(oracle, {.max_length = 6}).tokens == want);
  }
}

TEST_CASE("more beams find likelier sequences, and the alignment's rows are those of the winner") {
  int better = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Oracle oracle(6, seed);
    const Decoded greedy = search(oracle, {.max_length = 8}), wide = search(oracle, {.max_length = 8, .beams = 6});
    CHECK(wide.score >= greedy.score);
    better += wide.score > greedy.score;
    if (wide.tokens.empty()) continue;
    REQUIRE(wide.alignment.shape() == Shape{static_cast<Index>(wide.tokens.size()), 2});
    for (std::size_t t = 0; t < wide.tokens.size(); ++t) {
      CHECK(wide.alignment.values()[2 * t] == static_cast<float>(t));
      CHECK(wide.alignment.values()[2 * t + 1] == static_cast<float>(t == 0 ? Oracle::kBegin : wide.tokens[t - 1]));
    }
  }
  CHECK(better > 10);
}

TEST_CASE("the length penalty favours longer sequences") {
  double plain = 0, favoured = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Oracle oracle(4, seed);
    plain += static_cast<double>(search(oracle, {.max_length = 10, .beams = 8}).tokens.size());
    favoured += static_cast<double>(search(oracle, {.max_length = 10, .beams = 8, .length_penalty = 3}).tokens.size());
  }
  CHECK(favoured > 2 * plain);
}

TEST_CASE("the search ends when nothing can win any more") {
  // The end has a probability of 0.9 at each step; without a penalty the second step cannot beat the first.
  attn::Index steps = 0;
  const auto likely_end = [&](const Tensor& tokens, const Tensor&) {
    ++steps;
    const Index rows = tokens.size(0);
    Tensor logits = attn::zeros({rows, 3});
    for (Index row = 0; row < rows; ++row) logits.data()[row * 3] = std::log(18.0f);
    return BeamStep{logits, attn::zeros({rows, 1})};
  };
  const Decoded got = attn::models::beam_search(likely_end, 1, 0, {.max_length = 30, .beams = 3});
  CHECK(got.tokens.empty());
  CHECK(steps == 1);
  CHECK(std::abs(got.score - std::log(0.9)) <= score_tolerance(1));
  CHECK_FALSE(got.alignment.defined());
}

TEST_CASE("a hypothesis that ends leaves a narrower beam") {
  std::vector<Index> rows;
  const auto step = [&](const Tensor& tokens, const Tensor&) {
    rows.push_back(tokens.size(0));
    const Tensor logits = attn::zeros({tokens.size(0), 3});
    for (Index row = 0; row < tokens.size(0); ++row) {
      logits.data()[row * 3 + 1] = 3;
      logits.data()[row * 3 + (rows.size() == 1 ? 2 : 0)] = -5;  // the end comes second at first, then last
    }
    return BeamStep{logits, attn::zeros({tokens.size(0), 1})};
  };
  attn::models::beam_search(step, 9, 0, {.max_length = 4, .beams = 2});
  CHECK(rows == std::vector<Index>{1, 1, 1, 1});
}

TEST_CASE("a sequence that does not end is cut") {
  const auto endless = [](const Tensor& tokens, const Tensor&) {
    return BeamStep{attn::full({tokens.size(0), 2}, 0), attn::zeros({tokens.size(0), 1})};
  };
  const Decoded got = attn::models::beam_search(endless, 1, 5, {.max_length = 7});
  CHECK(got.tokens == Tokens(7, 0));  // of equals the smaller token
  CHECK(std::abs(got.score - 7 * std::log(0.5)) <= score_tolerance(7));
}

TEST_CASE("beam search: what it refuses") {
  Oracle oracle(3, 1);
  const auto refused = [&](const DecodeOptions& options, std::string_view piece) {
    check_error(ErrorCode::range, "decode", {piece}, [&] { search(oracle, options); });
  };
  refused({.max_length = 0}, "max_length must be at least 1, got 0");
  refused({.beams = 0}, "beams must be at least 1, got 0");
  refused({.length_penalty = -1}, "length_penalty");
  refused({.length_penalty = static_cast<double>(kNan)}, "length_penalty");
  CHECK(oracle.steps == 0);
  const auto step = [](const Tensor& logits, const Tensor& alignment) {
    attn::models::beam_search([=](const Tensor&, const Tensor&) { return BeamStep{logits, alignment}; }, 1, 0);
  };
  check_error(ErrorCode::range, "decode", {"NaN"}, [&] { step(attn::full({1, 2}, kNan), attn::zeros({1, 1})); });
  check_error(ErrorCode::shape, "decode", {"1 rows", "[2,2]"}, [&] { step(attn::zeros({2, 2}), attn::zeros({2, 1})); });
}
