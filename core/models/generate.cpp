#include "models/generate.hpp"

#include <string>

#include "attn/autograd.hpp"
#include "attn/error.hpp"

namespace attn::models {

namespace {

void check_generation(const GPT& model, std::span<const std::int32_t> prompt, const GenerationOptions& o) {
  constexpr const char* op = "generate";
  check(op, o.sampling);
  if (o.max_new_tokens < 0)
    throw Error(ErrorCode::range, op, "max_new_tokens must be 0 or more, got " + std::to_string(o.max_new_tokens));
  if (prompt.empty()) throw Error(ErrorCode::range, op, "the prompt must hold at least 1 token, got 0");
  const Index vocab_size = model.config().vocab_size;
  const auto require_token = [&](const std::string& what, std::int32_t token) {
    if (token < 0 || token >= vocab_size)
      throw Error(ErrorCode::range, op,
                  what + " must be from 0 to " + std::to_string(vocab_size - 1) + ", got " + std::to_string(token));
  };
  for (std::size_t i = 0; i < prompt.size(); ++i)
    require_token("token " + std::to_string(i) + " of the prompt", prompt[i]);
  if (o.stop_token) require_token("stop_token", *o.stop_token);
  if (model.training() && model.config().dropout > 0)
    throw Error(ErrorCode::unsupported, op,
                "the model must not drop at random, got one in training: call eval() first");
}

}  // namespace

std::vector<std::int32_t> generate(const GPT& model, std::span<const std::int32_t> prompt, const GenerationOptions& o,
                                   const std::function<bool(std::int32_t)>& on_token) {
  check_generation(model, prompt, o);
  const NoGrad quiet;
  Generator generator(o.seed);
  const std::size_t window = static_cast<std::size_t>(model.config().max_length), start = prompt.size();
  std::vector<nn::KeyValueCache> caches = o.use_cache ? model.caches() : std::vector<nn::KeyValueCache>();
  std::vector<std::int32_t> tokens(prompt.begin(), prompt.end());
  while (static_cast<Index>(tokens.size() - start) < o.max_new_tokens) {
    std::size_t first = 0;
    if (tokens.size() > window) {
      caches.clear();
      first = tokens.size() - window;
    } else if (!caches.empty()) {
      first = static_cast<std::size_t>(caches.front().length());
    }
    const auto steps = std::span<const std::int32_t>(tokens).subspan(first);
    const Index count = static_cast<Index>(steps.size());
    const Tensor hidden = model.hidden(Tensor::from(steps, {1, count}), caches);
    const Tensor logits = model.logits(slice(hidden, 1, count - 1, count));
    const auto token = static_cast<std::int32_t>(sample(logits.values(), tokens, o.sampling, generator));
    tokens.push_back(token);
    if ((on_token && !on_token(token)) || token == o.stop_token) break;
  }
  tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(start));
  return tokens;
}

}  // namespace attn::models
