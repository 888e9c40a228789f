#pragma once
// Text from a GPT, a token at a time.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "models/gpt.hpp"
#include "models/sampling.hpp"

namespace attn::models {

struct GenerationOptions {
  Index max_new_tokens = 20;
  Sampling sampling{};
  std::uint64_t seed = 0;
  std::optional<std::int32_t> stop_token{};  ///< the last to be generated, where it comes
  bool use_cache = true;                     ///< keys and values of earlier steps are kept, not computed again
};

/// The tokens that follow the prompt. on_token sees each as it comes, and ends the text by returning false. The model
/// sees the last max_length tokens; once there are more, these are computed anew for each step, since every position
/// has then changed. Tokens are the same without the cache, up to rounding.
/// Throws RANGE for an empty prompt, a token that is not there, max_new_tokens below 0, and what check() throws;
/// UNSUPPORTED for a model in training that drops at random.
std::vector<std::int32_t> generate(const GPT& model, std::span<const std::int32_t> prompt,
                                   const GenerationOptions& options = {},
                                   const std::function<bool(std::int32_t)>& on_token = {});

}  // namespace attn::models
