// A whole step of training, as a user of the library writes one.

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "attn/optim.hpp"
#include "models/gpt.hpp"
#include "work.hpp"

namespace bench {
namespace {

/// tests/bench/lib/training.mjs has the same for the module, peers/torch-gpt.py for PyTorch.
constexpr double kRate = 1e-3, kMaxNorm = 1;

attn::Tensor classes_of(const Array& x) {
  const std::vector<std::int32_t> numbers(x.numbers.begin(), x.numbers.end());
  return attn::Tensor::from(numbers, x.shape);
}

struct Training {
  attn::models::GPT model;
  attn::nn::NamedTensors parameters;
  std::optional<attn::optim::AdamW> optimizer{};  ///< there once the first values are
  attn::Tensor tokens{}, targets{};

  explicit Training(const attn::models::GPTConfig& config) : model(config), parameters(model.named_parameters()) {
    std::ranges::sort(parameters, {}, [](const auto& named) { return named.first; });
  }

  void begin(const Array& values, const Array& given, const Array& wanted) {
    auto from = values.numbers.begin();
    for (const auto& [name, x] : parameters) {
      std::copy_n(from, x.numel(), x.data());
      from += x.numel();
    }
    tokens = classes_of(given), targets = classes_of(wanted);
    optimizer.emplace(model.parameters(), attn::optim::AdamWOptions{.lr = kRate});
  }

  /// seen(loss) before the gradients are used.
  template <class F>
  void step(F seen) {
    const attn::Tensor loss = model.loss(tokens, targets);
    loss.backward();
    seen(loss);
    attn::optim::clip_grad_norm(model.parameters(), kMaxNorm);
    optimizer->step();
    optimizer->zero_grad();
  }
};

}  // namespace

Work gpt_step(const Sizes& s) {
  const attn::Index batch = s[0], length = s[1];
  const auto training = std::make_shared<Training>(attn::models::GPTConfig{.vocab_size = s[5],
                                                                           .max_length = length,
                                                                           .d_model = s[2],
                                                                           .num_heads = s[3],
                                                                           .num_layers = s[4],
                                                                           .tie_weights = s[6] != 0});
  const attn::Index count = training->model.num_parameters();
  const auto values = std::make_shared<Array>(attn::Shape{count});
  const auto tokens = std::make_shared<Array>(attn::Shape{batch, length});
  const auto targets = std::make_shared<Array>(attn::Shape{batch, length});
  const auto found = std::make_shared<Array>(attn::Shape{1 + count});
  const auto call = [=] {
    if (training->optimizer) return training->step([](const attn::Tensor&) {});
    training->begin(*values, *tokens, *targets);
    training->step([&](const attn::Tensor& loss) {
      auto to = found->numbers.begin();
      *to++ = *loss.data();
      for (const auto& [name, x] : training->parameters) {
        const attn::Tensor gradient = x.grad();
        to = std::copy_n(gradient.data(), gradient.numel(), to);
      }
    });
  };
  return {{values, tokens, targets}, found, call};
}

}  // namespace bench
