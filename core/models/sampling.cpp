#include "models/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "attn/error.hpp"

namespace attn::models {

void check(const char* op, const Sampling& s) {
  const auto require = [op](bool fits, const char* what, const auto& got) {
    if (!fits) throw Error(ErrorCode::range, op, std::string(what) + ", got " + std::to_string(got));
  };
  require(s.repetition_penalty > 0 && std::isfinite(s.repetition_penalty),
          "repetition_penalty must be above 0 and finite", s.repetition_penalty);
  require(s.temperature >= 0 && std::isfinite(s.temperature), "temperature must be 0 or more and finite",
          s.temperature);
  require(s.top_k >= 0, "top_k must be 0 or more", s.top_k);
  require(s.top_p > 0 && s.top_p <= 1, "top_p must be above 0 and at most 1", s.top_p);
}

namespace {

std::vector<double> checked_logits(const char* op, std::span<const float> logits) {
  std::vector<double> x(logits.begin(), logits.end());
  double most = -std::numeric_limits<double>::infinity();
  for (const double v : x) {
    if (std::isnan(v) || v == std::numeric_limits<double>::infinity())
      throw Error(ErrorCode::range, op, "logits must be finite or -inf, got " + std::to_string(v));
    most = std::max(most, v);
  }
  if (!std::isfinite(most)) throw Error(ErrorCode::range, op, "logits must hold a finite number, got none");
  return x;
}

void penalize(const char* op, std::vector<double>& x, std::span<const std::int32_t> so_far, double penalty) {
  std::vector<bool> seen(x.size());
  for (const std::int32_t token : so_far) {
    if (token < 0 || static_cast<std::size_t>(token) >= x.size())
      throw Error(ErrorCode::range, op,
                  "tokens must be from 0 to " + std::to_string(x.size() - 1) + ", got " + std::to_string(token));
    const auto at = static_cast<std::size_t>(token);
    if (!seen[at]) x[at] = x[at] > 0 ? x[at] / penalty : x[at] * penalty;
    seen[at] = true;
  }
}

}  // namespace

Index sample(std::span<const float> logits, std::span<const std::int32_t> so_far, const Sampling& s,
             Generator& generator) {
  constexpr const char* op = "sample";
  check(op, s);
  std::vector<double> x = checked_logits(op, logits);
  penalize(op, x, so_far, s.repetition_penalty);
  const auto largest = std::ranges::max_element(x);
  if (s.temperature == 0) return largest - x.begin();

  // The tokens to draw from; sorted only where their rank counts, equals by their number.
  std::vector<std::size_t> tokens(x.size());
  std::iota(tokens.begin(), tokens.end(), std::size_t{0});
  const std::size_t k = s.top_k == 0 ? x.size() : std::min(static_cast<std::size_t>(s.top_k), x.size());
  if (k < x.size() || s.top_p < 1)
    std::ranges::partial_sort(tokens, tokens.begin() + static_cast<std::ptrdiff_t>(k),
                              [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] > x[b] : a < b; });
  tokens.resize(k);

  std::vector<double> sums;  // of exp(x - max) up to each, which is a chance times their total
  for (const std::size_t token : tokens)
    sums.push_back((sums.empty() ? 0 : sums.back()) + std::exp((x[token] - *largest) / s.temperature));
  if (s.top_p < 1) sums.erase(std::ranges::lower_bound(sums, s.top_p * sums.back()) + 1, sums.end());
  const auto drawn = std::ranges::upper_bound(sums, generator.uniform() * sums.back());
  return static_cast<Index>(tokens[static_cast<std::size_t>(drawn - sums.begin())]);
}

}  // namespace attn::models
