// E5: the Transformer at the size that the document prints, forward and one training step.
#include <chrono>
#include <ostream>

#include "documents.hpp"
#include "models/transformer.hpp"

namespace documents {

namespace {

template <class F>
double seconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

E5Result run_e5(Index batch, Index tokens, std::ostream& log) {
  constexpr Index kVocabulary = 1000;
  attn::manual_seed(5);
  attn::models::Transformer model({.source_vocab = kVocabulary,
                                   .target_vocab = kVocabulary,
                                   .max_length = tokens,
                                   .d_model = 512,
                                   .num_heads = 8,
                                   .num_layers = 6,
                                   .dim_feedforward = 2048,
                                   .dropout = 0.1});
  attn::Generator words(5);
  std::vector<std::vector<std::int32_t>> source, target_in, target_out;
  for (Index row = 0; row < batch; ++row) {
    std::vector<std::int32_t> text;
    for (Index t = 0; t < tokens; ++t)
      text.push_back(static_cast<std::int32_t>(3 + words.next() % static_cast<std::uint64_t>(kVocabulary - 3)));
    source.push_back(text);
    text.back() = static_cast<std::int32_t>(model.config().tokens.eos);
    target_out.push_back(text);
    text.insert(text.begin(), static_cast<std::int32_t>(model.config().tokens.bos));
    text.pop_back();
    target_in.push_back(text);
  }
  const Tensor from = batch_of(source).tokens, in = batch_of(target_in).tokens, out = batch_of(target_out).tokens;
  const auto loss_now = [&] {
    const attn::NoGrad quiet;
    model.eval();
    return static_cast<double>(*model.loss(from, {}, in, out).data());
  };

  E5Result result{.parameters = model.num_parameters(), .loss = loss_now()};
  {
    const attn::NoGrad quiet;
    result.forward_seconds = seconds([&] { model.forward(from, {}, in); });
  }
  model.train();
  attn::optim::Adam adam(model.parameters(), {.lr = 1e-4});
  result.step_seconds = seconds([&] {
    const Tensor loss = model.loss(from, {}, in, out);
    result.forward_bytes = attn::tensor_bytes();
    loss.backward();
    adam.step();
  });
  result.step_bytes = attn::tensor_bytes();
  result.loss_after = loss_now();
  const auto megabytes = [](std::size_t bytes) { return static_cast<double>(bytes) / 1e6; };
  log << "  " << result.parameters << " parameters, " << batch << " x " << tokens << " tokens, " << attn::num_threads()
      << " threads\n  forward " << result.forward_seconds << " s, training step " << result.step_seconds
      << " s\n  tensors behind the forward pass " << megabytes(result.forward_bytes) << " MB, behind the step "
      << megabytes(result.step_bytes) << " MB\n  loss " << result.loss << ", after the step " << result.loss_after
      << "\n";
  return result;
}

}  // namespace documents
