#pragma once
// The rows of the tutorial documents that train something, each as a function that runs it whole and returns what came
// of it. The texts and templates are in web/documents/training.json, for these programs, Node and the page alike.

#include <array>
#include <iosfwd>
#include <string>
#include <vector>

#include "attn/attn.hpp"
#include "models/classifier.hpp"
#include "models/seq2seq.hpp"

namespace documents {

using attn::Index;
using attn::Tensor;

/// Runs of ASCII letters in lower case, and every other character but spaces by itself: words in English, characters in
/// Chinese.
std::vector<std::string> tokenize(const std::string& text);

/// Numbers tokens as they come, from `reserved` on.
class Vocabulary {
 public:
  explicit Vocabulary(Index reserved) : reserved_(reserved) {}
  std::int32_t number(const std::string& token);
  std::vector<std::int32_t> numbers(const std::string& text);
  Index size() const { return reserved_ + static_cast<Index>(tokens_.size()); }

 private:
  Index reserved_;
  std::vector<std::string> tokens_;
};

/// Rows of tokens as int32 [B,T], filled up with `pad`, and their lengths [B].
struct Batch {
  Tensor tokens, lengths;
};
Batch batch_of(const std::vector<std::vector<std::int32_t>>& rows, std::int32_t pad = 0);

/// C7: a GRU encoder-decoder with attention on four short texts; 1000 words, hidden size 200, batches of 2, Adam 1e-3.
/// The target is the text itself, or the text from its second word on; or the text itself with its words in another
/// order each time, which nothing but attention to the source can tell: four texts are soon known by heart.
enum class C7Task { autoencoder, one_word_ahead, shuffled };
struct C7Options {
  attn::models::Seq2SeqAttention attention = attn::models::Seq2SeqAttention::additive;
  C7Task task = C7Task::autoencoder;
};
struct C7Result {
  std::vector<double> losses;      ///< of each epoch: the document's 10, then more until one is below 0.05
  std::vector<Tensor> alignments;  ///< of each text, [T,S], with the target given
  double on_diagonal = 0;          ///< share of target words that look most at the word they are to say; eos left out
  double words_right = 0;          ///< share of target words that greedy decoding gets right, from the source alone
};
C7Result train_c7(const C7Options& options, std::ostream& log);

/// A sentence that praises (1) or not (0).
struct Sentence {
  std::vector<std::int32_t> tokens;
  float label;
};
struct Sentiment {
  std::vector<Sentence> train, held_out;  ///< of different templates
  Index vocabulary, longest;
};
/// Every template with every thing and word. language "en" or "zh".
Sentiment sentiment(const std::string& language);

/// What a classifier with one logit makes of sentences: the mean loss, and the share that it gets right.
struct Score {
  double loss = 0, accuracy = 0;
};
Score evaluate(attn::models::Classifier& model, const std::vector<Sentence>& sentences);

/// D2: an attention classifier that tells praise; binary cross-entropy, Adam, batches of 32, at most 10 epochs.
struct D2Result {
  std::vector<Score> train, held_out;  ///< after each epoch
  std::shared_ptr<attn::models::Classifier> model;
};
D2Result train_d2(const Sentiment& data, Index epochs, std::ostream& log);

/// E5: d_model 512, 8 heads of 64, d_ff 2048, 6 + 6 layers, dropout 0.1: forward, and one training step by Adam.
struct E5Result {
  Index parameters = 0;
  double forward_seconds = 0, step_seconds = 0;
  std::size_t forward_bytes = 0;    ///< tensors alive behind the forward pass of training, parameters among them
  std::size_t step_bytes = 0;       ///< behind the step: parameters, gradients, Adam's two moments
  double loss = 0, loss_after = 0;  ///< of the same batch, without dropout
};
E5Result run_e5(Index batch, Index tokens, std::ostream& log);

/// E7: what keeps a model from learning a small noisy set by heart.
struct Curve {
  std::string cure{};
  std::vector<Score> train{}, validation{};  ///< after each epoch
  Index kept = 0;  ///< the epoch whose weights are kept: the last, or the best where it stops early
};
/// Without a cure, with dropout, with L2, with early stopping.
std::array<Curve, 4> train_e7(std::ostream& log);

/// E7: how far attention moves when noise of a deviation relative to the embeddings' own is added to them: the mean
/// over rows of ½ Σ_s |w_s - w'_s|, from 0 to 1.
struct Shift {
  double noise, moved;
};
std::vector<Shift> attention_under_noise(attn::models::Classifier& model, const std::vector<Sentence>& sentences,
                                         std::ostream& log);

}  // namespace documents
