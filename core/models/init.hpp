#pragma once
// First values that more than one model begins with.

#include <cmath>

#include "attn/nn/init.hpp"
#include "attn/shape.hpp"

namespace attn::models {

/// With what deviation a model's embeddings, its positions among them, and its matrices begin.
struct Deviations {
  double embeddings, matrices;
};
/// A config's initializer_range is the deviation of all of them, as in Hugging Face's configs. GPT-2 has 0.02, for a
/// width of 768; left at that, narrow models stay stuck. 0 takes what fits the width D, and is GPT-2's at 768:
/// - matrices 0.02·√(768/D), so that a product over D features is of the same size at every width;
/// - embeddings 0.02·768/D. A step of Adam moves each number by the learning rate, and narrow models learn at high
/// ones:
///   0.01 would make small embeddings others within a few steps, and what layers had learnt of them worthless.
/// Tried at width 32, as the share of answers that are right after equal steps, mean of two or three seeds: rows of 3
/// to 8 letters reversed, 600 steps, 99% (with 0.02 for all 73%); repetitions continued, rotary, 350 steps, 100%, and
/// 73% from three other seeds (with 0.02 40%, with the matrices' rule for embeddings too 55%, with embeddings as here
/// and (768/D)^0.75 for the matrices 57%). Seeds differ by more than rules that are near each other do.
inline Deviations first_deviations(double initializer_range, Index d_model) {
  if (initializer_range > 0) return {initializer_range, initializer_range};
  const double narrower = 768 / static_cast<double>(d_model);
  return {0.02 * narrower, 0.02 * std::sqrt(narrower)};
}

}  // namespace attn::models
