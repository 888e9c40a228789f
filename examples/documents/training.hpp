#pragma once
// What training a classifier of sentences takes, for D2 and E7.

#include "documents.hpp"

namespace documents {

/// One pass over the sentences in an order drawn from `order`, in batches of 32; the mean loss and accuracy on the way.
Score train_epoch(attn::models::Classifier& model, attn::optim::Optimizer& optimizer,
                  const std::vector<Sentence>& sentences, attn::Generator& order);

/// The first `count` of a shuffle.
std::vector<Sentence> sample(std::vector<Sentence> sentences, std::size_t count, attn::Generator& order);

/// logits [B,1] of sentences from..to, whose labels are [B,1].
struct Answers {
  Tensor logits, labels;
};
Answers answer(const attn::models::Classifier& model, const std::vector<Sentence>& sentences, std::size_t from,
               std::size_t to, const attn::Probe& probe = {});

}  // namespace documents
