// A GPT of 0.8 million parameters on a text of a megabyte learns along the same curve wherever it is trained;
// tests/node/training-curve.test.mjs repeats the run through JavaScript.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "attn/optim.hpp"
#include "helpers.hpp"
#include "models/gpt.hpp"
#include "story.hpp"

using namespace test;

namespace {

constexpr Index kBatch = 8, kLength = 64;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kSteps = 2;  // each takes a sanitizer seconds
#else
constexpr std::size_t kSteps = 30;
#endif

/// The rows of a step: stretches of the text far from each other, from `shift` characters on.
Tensor batch(const std::vector<std::int32_t>& tokens, std::size_t step, Index shift) {
  std::vector<std::int32_t> rows;
  for (Index i = 0; i < kBatch * kLength; ++i) {
    const Index row = kBatch * static_cast<Index>(step) + i / kLength;
    const auto from = static_cast<Index>(static_cast<std::int64_t>(row) * 15485863 %
                                         (static_cast<std::int64_t>(tokens.size()) - kLength - 1));
    rows.push_back(tokens[static_cast<std::size_t>(from + i % kLength + shift)]);
  }
  return Tensor::from(std::span<const std::int32_t>(rows), {kBatch, kLength});
}

}  // namespace

TEST_CASE("a GPT learns along the curve that golden/training_curve.json holds") {
  const auto golden = nlohmann::json::parse(read_golden("training_curve.json"));
  const std::vector<std::int32_t> tokens = encode(story(1'000'000));
  attn::manual_seed(7);
  attn::models::GPT model({.vocab_size = kStoryVocabulary,
                           .max_length = kLength,
                           .d_model = 128,
                           .num_heads = 4,
                           .num_layers = 4,
                           .initializer_range = 0.02});
  CHECK(model.num_parameters() == golden["parameters"]);
  attn::optim::AdamW optimizer(model.parameters(), {.lr = 1e-3});
  double most = 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    CAPTURE(step);
    const Tensor loss = model.loss(batch(tokens, step, 0), batch(tokens, step, 1));
    loss.backward();
    attn::optim::clip_grad_norm(model.parameters(), 1);
    optimizer.step();
    optimizer.zero_grad();
    // How far a change of the first weights' last bits moves the curve says how far rounding may.
    const double difference = std::abs(static_cast<double>(*loss.data()) - golden["losses"][step].get<double>());
    CHECK(difference <= golden["spread"][step].get<double>());
    most = std::max(most, difference);
  }
  MESSAGE("largest difference of a loss: " << most);
}
