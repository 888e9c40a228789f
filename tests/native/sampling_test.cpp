// The next token from logits. What is drawn is compared with the chances themselves.
#include "models/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Generator;
using attn::models::sample;
using attn::models::Sampling;

namespace {

using Tokens = std::vector<std::int32_t>;

/// log of these chances; not normalised, since softmax does not mind a constant.
std::vector<float> logits_of(std::initializer_list<double> chances) {
  std::vector<float> x;
  for (const double p : chances) x.push_back(static_cast<float>(std::log(p) + 3));
  return x;
}

/// How often each token comes in n draws must be within five deviations of a binomial of what is expected: one in two
/// million would not be by chance, and the seed is fixed.
void check_chances(const std::vector<float>& logits, const Tokens& so_far, const Sampling& how,
                   const std::vector<double>& expected) {
  constexpr int n = 20000;
  Generator generator(5);
  std::vector<int> count(logits.size());
  for (int i = 0; i < n; ++i) ++count.at(static_cast<std::size_t>(sample(logits, so_far, how, generator)));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    if (expected[i] == 0) CHECK(count[i] == 0);
    CHECK(std::abs(count[i] - n * expected[i]) <= 5 * std::sqrt(n * expected[i] * (1 - expected[i])));
  }
}

}  // namespace

TEST_CASE("tokens are drawn with the chances of softmax") {
  check_chances(logits_of({0.1, 0.5, 0.15, 0.25}), {}, {}, {0.1, 0.5, 0.15, 0.25});
  const std::vector<float> with_impossible{0, -kInf, 0};
  check_chances(with_impossible, {}, {}, {0.5, 0, 0.5});
}

TEST_CASE("temperature divides the logits") {
  const auto logits = logits_of({0.1, 0.2, 0.7});
  const auto powers = [](double a) {  // p^a, normalised
    const double x = std::pow(0.1, a), y = std::pow(0.2, a), z = std::pow(0.7, a);
    return std::vector<double>{x / (x + y + z), y / (x + y + z), z / (x + y + z)};
  };
  check_chances(logits, {}, {.temperature = 0.5}, powers(2));
  check_chances(logits, {}, {.temperature = 4}, powers(0.25));
  check_chances(logits, {}, {.temperature = 1e-300}, {0, 0, 1});
}

TEST_CASE("temperature 0 takes the largest logit, the first of equals") {
  Generator generator(1), untouched(1);
  const std::vector<float> logits{-1, 3, 2, 3};
  CHECK(sample(logits, {}, {.temperature = 0}, generator) == 1);
  CHECK(generator.next() == untouched.next());
}

TEST_CASE("top k keeps the k likeliest, the first of equals") {
  const auto logits = logits_of({0.2, 0.4, 0.1, 0.2, 0.1});
  check_chances(logits, {}, {.top_k = 2}, {1 / 3.0, 2 / 3.0, 0, 0, 0});
  check_chances(logits, {}, {.top_k = 1}, {0, 1, 0, 0, 0});
  check_chances(logits, {}, {.top_k = 99}, {0.2, 0.4, 0.1, 0.2, 0.1});
}

TEST_CASE("top p keeps the fewest tokens that have the share, and always one") {
  const auto logits = logits_of({0.1, 0.45, 0.15, 0.3});
  check_chances(logits, {}, {.top_p = 0.7}, {0, 0.6, 0, 0.4});
  check_chances(logits, {}, {.top_p = 0.8}, {0, 0.5, 0.15 / 0.9, 0.3 / 0.9});
  check_chances(logits, {}, {.top_p = 1e-9}, {0, 1, 0, 0});
  // Of what top k has left: 0.45 and 0.3 make 0.6 and 0.4.
  check_chances(logits, {}, {.top_k = 2, .top_p = 0.55}, {0, 1, 0, 0});
  // Of what the temperature has made: squares are 0.01, 0.2025, 0.0225 and 0.09 of 0.325.
  check_chances(logits, {}, {.temperature = 0.5, .top_p = 0.6}, {0, 1, 0, 0});
}

TEST_CASE("the repetition penalty divides a positive logit and multiplies another, once") {
  Generator generator(1);
  const auto likeliest = [&](const std::vector<float>& logits, const Tokens& so_far, double penalty) {
    return sample(logits, so_far, {.repetition_penalty = penalty, .temperature = 0}, generator);
  };
  CHECK(likeliest({3, 2}, {0}, 1.4) == 0);
  CHECK(likeliest({3, 2}, {0}, 1.6) == 1);
  CHECK(likeliest({3, 2}, {0, 0, 0}, 1.4) == 0);
  CHECK(likeliest({-2, -3}, {0}, 1.4) == 0);
  CHECK(likeliest({-2, -3}, {0}, 1.6) == 1);
  CHECK(likeliest({3, 2}, {0, 1}, 1.6) == 0);
  CHECK(likeliest({2, 3}, {0}, 0.5) == 0);  // below 1 it invites
}

TEST_CASE("one seed draws the same tokens, another others") {
  const std::vector<float> logits(50, 0.0f);
  const auto draw = [&](std::uint64_t seed) {
    Generator generator(seed);
    Tokens tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(static_cast<std::int32_t>(sample(logits, tokens, {}, generator)));
    return tokens;
  };
  CHECK(draw(3) == draw(3));
  CHECK(draw(3) != draw(4));
}

TEST_CASE("what sampling cannot do") {
  Generator generator(1);
  const auto refuses = [&](std::initializer_list<std::string_view> pieces, const std::vector<float>& logits,
                           const Sampling& how, const Tokens& so_far = {}) {
    check_error(ErrorCode::range, "sample", pieces, [&] { sample(logits, so_far, how, generator); });
  };
  const std::vector<float> two{1, 2};
  refuses({"temperature must be 0 or more", "-1"}, two, {.temperature = -1});
  refuses({"temperature", "nan"}, two, {.temperature = static_cast<double>(kNan)});
  refuses({"top_k must be 0 or more", "-2"}, two, {.top_k = -2});
  refuses({"top_p must be above 0", "0.0"}, two, {.top_p = 0});
  refuses({"top_p", "at most 1", "1.5"}, two, {.top_p = 1.5});
  refuses({"repetition_penalty must be above 0", "0.0"}, two, {.repetition_penalty = 0});
  refuses({"logits", "nan"}, {1, kNan}, {});
  refuses({"logits", "inf"}, {1, kInf}, {});
  refuses({"finite", "none"}, {-kInf, -kInf}, {});
  refuses({"finite", "none"}, {}, {});
  refuses({"from 0 to 1", "got 2"}, two, {}, {0, 2});
  refuses({"from 0 to 1", "got -1"}, two, {}, {-1});
}
