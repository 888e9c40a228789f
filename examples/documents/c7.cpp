// C7: a GRU encoder-decoder with attention that learns four texts.
#include <algorithm>
#include <ostream>

#include "training_data.hpp"

namespace documents {

using attn::models::Seq2Seq;
using attn::models::SpecialTokens;

namespace {

constexpr Index kVocabulary = 1000, kBatch = 2, kFirstEpochs = 10, kMostEpochs = 3000;
constexpr double kGoal = 0.05;

struct Pair {
  std::vector<std::int32_t> source, target;
};

/// Targets as the decoder reads them, after bos, and as it is to say them, before eos.
struct Pairs {
  Batch source, target_in, target_out;
};
Pairs pairs_of(const std::vector<Pair>& pairs, const SpecialTokens& tokens) {
  std::vector<std::vector<std::int32_t>> source, in, out;
  for (const Pair& pair : pairs) {
    source.push_back(pair.source);
    in.push_back(pair.target);
    in.back().insert(in.back().begin(), static_cast<std::int32_t>(tokens.bos));
    out.push_back(pair.target);
    out.back().push_back(static_cast<std::int32_t>(tokens.eos));
  }
  return {batch_of(source), batch_of(in), batch_of(out)};
}

/// The task's pairs of a text; `order` shuffles.
Pair pair_of(std::vector<std::int32_t> text, C7Task task, attn::Generator& order) {
  if (task == C7Task::one_word_ahead) return {text, {text.begin() + 1, text.end()}};
  if (task == C7Task::shuffled)
    for (std::size_t i = text.size(); i > 1; --i)
      std::swap(text[i - 1], text[static_cast<std::size_t>(order.next() % i)]);
  return {text, text};
}

}  // namespace

C7Result train_c7(const C7Options& options, std::ostream& log) {
  attn::manual_seed(7);
  Seq2Seq model({.source_vocab = kVocabulary,
                 .target_vocab = kVocabulary,
                 .embedding_dim = 200,
                 .hidden_size = 200,
                 .attention = options.attention});
  const SpecialTokens tokens = model.config().tokens;
  Vocabulary words(3);
  std::vector<std::vector<std::int32_t>> texts;
  const nlohmann::json data = training_data("C7");
  for (const std::string text : data.at("texts")) texts.push_back(words.numbers(text));

  C7Result result;
  attn::Generator order(7);
  attn::optim::Adam adam(model.parameters(), {.lr = 1e-3});
  for (Index epoch = 0; epoch < kMostEpochs; ++epoch) {
    if (epoch >= kFirstEpochs && result.losses.back() < kGoal) break;
    double sum = 0;
    for (std::size_t at = 0; at < texts.size(); at += kBatch) {
      std::vector<Pair> pairs;
      for (std::size_t i = at; i < std::min(at + kBatch, texts.size()); ++i)
        pairs.push_back(pair_of(texts[i], options.task, order));
      const auto [source, in, out] = pairs_of(pairs, tokens);
      const Tensor loss = model.loss(source.tokens, source.lengths, in.tokens, out.tokens);
      adam.zero_grad();
      loss.backward();
      adam.step();
      sum += static_cast<double>(*loss.data());
    }
    result.losses.push_back(sum * kBatch / static_cast<double>(texts.size()));
    if (epoch + 1 == kFirstEpochs || (epoch + 1) % 100 == 0)
      log << "  epoch " << epoch + 1 << ": loss " << result.losses.back() << "\n";
  }
  log << "  " << result.losses.size() << " epochs: loss " << result.losses.back() << "\n";

  model.eval();
  const attn::NoGrad quiet;
  Index on_diagonal = 0, right = 0, words_in_all = 0;
  const bool ahead = options.task == C7Task::one_word_ahead;
  for (const auto& text : texts) {
    const Pair pair = pair_of(text, ahead ? C7Task::one_word_ahead : C7Task::autoencoder, order);
    const Pairs one = pairs_of({pair}, tokens);
    const Tensor all = model.forward(one.source.tokens, {}, one.target_in.tokens).alignment;
    const Tensor alignment = attn::reshape(all, {all.size(1), all.size(2)});
    const Tensor looked_at = attn::models::argmax(alignment);
    const auto decoded = model.decode(one.source.tokens, {}, {.max_length = 50}).front().tokens;
    for (std::size_t t = 0; t < pair.target.size(); ++t) {
      on_diagonal += looked_at.values<std::int32_t>()[t] == static_cast<std::int32_t>(t + (ahead ? 1 : 0));
      right += t < decoded.size() && decoded[t] == pair.target[t];
      ++words_in_all;
    }
    result.alignments.push_back(alignment);
  }
  result.on_diagonal = static_cast<double>(on_diagonal) / static_cast<double>(words_in_all);
  result.words_right = static_cast<double>(right) / static_cast<double>(words_in_all);
  log << "  on the diagonal " << result.on_diagonal << ", words right from the source alone " << result.words_right
      << "\n";
  return result;
}

}  // namespace documents
