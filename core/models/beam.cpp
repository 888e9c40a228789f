#include "models/beam.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>

#include "attn/autograd.hpp"
#include "attn/error.hpp"
#include "attn/functional.hpp"

namespace attn::models {

namespace {

struct Hypothesis {
  std::vector<std::int32_t> tokens{};
  double log_probability = 0;
  std::vector<Tensor> alignment{};  ///< [1,S] of each token
};

struct Candidate {
  double log_probability;
  Index row;
  std::int32_t token;
};
bool before(const Candidate& a, const Candidate& b) {
  return std::tie(b.log_probability, a.row, a.token) < std::tie(a.log_probability, b.row, b.token);
}

void check(const DecodeOptions& o) {
  for (const auto& [name, value] : {std::pair{"max_length", o.max_length}, {"beams", o.beams}})
    if (value < 1)
      throw Error(ErrorCode::range, "decode", std::string(name) + " must be at least 1, got " + std::to_string(value));
  if (!(o.length_penalty >= 0) || std::isinf(o.length_penalty))
    throw Error(ErrorCode::range, "decode",
                "length_penalty must be finite and at least 0, got " + std::to_string(o.length_penalty));
}

/// The likeliest `count` continuations of the hypotheses, in order.
std::vector<Candidate> continuations(const std::vector<Hypothesis>& alive, const Tensor& logits, std::size_t count) {
  const Tensor log_probabilities = log_softmax(logits, -1);
  const Index tokens = logits.size(1);
  std::vector<Candidate> all;
  all.reserve(static_cast<std::size_t>(logits.numel()));
  for (Index row = 0; row < logits.size(0); ++row)
    for (Index token = 0; token < tokens; ++token) {
      const double step = log_probabilities.values()[static_cast<std::size_t>(row * tokens + token)];
      if (std::isnan(step)) throw Error(ErrorCode::range, "decode", "logits must not hold NaN");
      all.push_back(
          {alive[static_cast<std::size_t>(row)].log_probability + step, row, static_cast<std::int32_t>(token)});
    }
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), before);
  all.resize(count);
  return all;
}

}  // namespace

Decoded beam_search(const Advance& advance, std::int32_t begin, std::int32_t end, const DecodeOptions& options) {
  check(options);
  const NoGrad quiet;
  const auto score = [&](double log_probability, Index length) {
    return log_probability / std::pow((5.0 + static_cast<double>(length)) / 6, options.length_penalty);
  };
  std::vector<Hypothesis> alive{{}};
  std::vector<std::int32_t> tokens{begin}, parents{0};
  auto places = static_cast<std::size_t>(options.beams);
  std::optional<Decoded> best;
  const auto finish = [&](const Hypothesis& ended, Index length) {
    const double reached = score(ended.log_probability, length);
    if (!best || reached > best->score)
      best = Decoded{ended.tokens, reached, ended.alignment.empty() ? Tensor() : cat(ended.alignment, 0)};
  };

  for (Index length = 1; !alive.empty(); ++length) {
    const auto rows = static_cast<Index>(alive.size());
    const BeamStep step = advance(Tensor::from(tokens, {rows}), Tensor::from(parents, {rows}));
    if (step.logits.rank() != 2 || step.logits.size(0) != rows || step.logits.size(1) < 1 ||
        step.alignment.rank() != 2 || step.alignment.size(0) != rows)
      throw Error(ErrorCode::shape, "decode",
                  "a step must give logits and an alignment with " + std::to_string(rows) + " rows, got " +
                      to_string(step.logits.shape()) + " and " + to_string(step.alignment.shape()),
                  {step.logits.shape(), step.alignment.shape()});
    std::vector<Hypothesis> next;
    tokens.clear(), parents.clear();
    for (const Candidate& c : continuations(alive, step.logits, places)) {
      Hypothesis h = alive[static_cast<std::size_t>(c.row)];
      h.log_probability = c.log_probability;
      if (c.token == end) {
        finish(h, length);
        --places;
        continue;
      }
      h.tokens.push_back(c.token);
      h.alignment.push_back(slice(step.alignment, 0, c.row, c.row + 1));
      if (length == options.max_length) {
        finish(h, length);
        continue;
      }
      tokens.push_back(c.token);
      parents.push_back(static_cast<std::int32_t>(c.row));
      next.push_back(std::move(h));
    }
    if (best && !next.empty() && score(next.front().log_probability, options.max_length) <= best->score) break;
    alive = std::move(next);
  }
  return *best;
}

Tensor argmax(const Tensor& logits) {
  const Tensor rows = contiguous(logits.detach());
  Shape shape = logits.shape();
  shape.pop_back();
  const Tensor out = Tensor::empty(shape, DType::int32);
  const float* row = rows.data();
  for (std::int32_t& found : out.values<std::int32_t>()) {
    found = static_cast<std::int32_t>(std::max_element(row, row + logits.size(-1)) - row);
    row += logits.size(-1);
  }
  return out;
}

}  // namespace attn::models
