// D2: attention that tells praise from blame, asked about templates that it has never seen.
#include <algorithm>
#include <ostream>

#include "models/padding.hpp"
#include "training.hpp"

namespace documents {

using attn::models::Classifier;

namespace {

constexpr std::size_t kBatchOfSentences = 32;

void shuffle(std::vector<Sentence>& sentences, attn::Generator& order) {
  for (std::size_t i = sentences.size(); i > 1; --i)
    std::swap(sentences[i - 1], sentences[static_cast<std::size_t>(order.next() % i)]);
}

/// f(answers, loss) of each batch; the scores are those of all together.
template <class F>
Score each_batch(const Classifier& model, const std::vector<Sentence>& sentences, F f) {
  Score sum;
  for (std::size_t at = 0; at < sentences.size(); at += kBatchOfSentences) {
    const Answers given = answer(model, sentences, at, std::min(at + kBatchOfSentences, sentences.size()));
    const Tensor loss = attn::binary_cross_entropy_with_logits(given.logits, given.labels);
    for (std::size_t i = 0; i < given.labels.values().size(); ++i)
      sum.accuracy += (given.logits.values()[i] > 0) == (given.labels.values()[i] > 0.5f);
    sum.loss += static_cast<double>(*loss.data()) * static_cast<double>(given.labels.numel());
    f(loss);
  }
  const auto count = static_cast<double>(sentences.size());
  return {sum.loss / count, sum.accuracy / count};
}

}  // namespace

Answers answer(const Classifier& model, const std::vector<Sentence>& sentences, std::size_t from, std::size_t to,
               const attn::Probe& probe) {
  std::vector<std::vector<std::int32_t>> rows;
  std::vector<float> labels;
  for (std::size_t i = from; i < to; ++i) {
    rows.push_back(sentences[i].tokens);
    labels.push_back(sentences[i].label);
  }
  const Batch batch = batch_of(rows);
  const Tensor padding = attn::models::padding_mask(batch.lengths, batch.tokens.size(1));
  return {model.forward(batch.tokens, padding, probe), Tensor::from(labels, {batch.tokens.size(0), 1})};
}

Score train_epoch(Classifier& model, attn::optim::Optimizer& optimizer, const std::vector<Sentence>& sentences,
                  attn::Generator& order) {
  std::vector<Sentence> shuffled = sentences;
  shuffle(shuffled, order);
  model.train();
  return each_batch(model, shuffled, [&](const Tensor& loss) {
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  });
}

Score evaluate(Classifier& model, const std::vector<Sentence>& sentences) {
  const attn::NoGrad quiet;
  model.eval();
  return each_batch(model, sentences, [](const Tensor&) {});
}

std::vector<Sentence> sample(std::vector<Sentence> sentences, std::size_t count, attn::Generator& order) {
  shuffle(sentences, order);
  sentences.resize(count);
  return sentences;
}

D2Result train_d2(const Sentiment& data, Index epochs, std::ostream& log) {
  attn::manual_seed(2);
  attn::Generator order(2);
  D2Result result;
  result.model =
      std::make_shared<Classifier>(attn::models::ClassifierConfig{.vocab_size = data.vocabulary,
                                                                  .max_length = data.longest,
                                                                  .num_classes = 1,
                                                                  .d_model = 32,
                                                                  .num_heads = 2,
                                                                  .num_layers = 1,
                                                                  .dropout = 0.3,
                                                                  .positions = attn::models::Positions::none,
                                                                  .pooling = attn::models::Pooling::attention});
  attn::optim::Adam adam(result.model->parameters(), {.lr = 1e-3});
  for (Index epoch = 0; epoch < epochs; ++epoch) {
    result.train.push_back(train_epoch(*result.model, adam, data.train, order));
    result.held_out.push_back(evaluate(*result.model, data.held_out));
    log << "  epoch " << epoch + 1 << ": loss " << result.train.back().loss << ", accuracy "
        << result.train.back().accuracy << "; held-out templates: loss " << result.held_out.back().loss << ", accuracy "
        << result.held_out.back().accuracy << "\n";
  }
  return result;
}

}  // namespace documents
