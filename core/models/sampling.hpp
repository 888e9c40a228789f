#pragma once
// The next token from a model's logits.

#include <cstdint>
#include <span>

#include "attn/random.hpp"
#include "attn/shape.hpp"

namespace attn::models {

/// Applied in this order.
struct Sampling {
  /// A token that was there before has its logit divided by this where it is positive, and multiplied where it is not,
  /// so that above 1 it is always less likely. Keskar et al. 2019, arXiv:1909.05858, which only divides.
  double repetition_penalty = 1;
  double temperature = 1;  ///< divides the logits; 0 takes the largest, the first of equals
  Index top_k = 0;         ///< only the k likeliest; 0: all. Fan et al. 2018, arXiv:1805.04833
  double top_p = 1;        ///< only the fewest that together have this share. Holtzman et al. 2020, arXiv:1904.09751
};
/// Throws RANGE, naming the field, unless 0 < repetition_penalty, 0 <= temperature, 0 <= top_k, 0 < top_p <= 1.
void check(const char* op, const Sampling& sampling);

/// One of logits [V], drawn with their softmax's chances; so_far are the tokens up to here. -inf is never drawn.
/// In double, so that targets differ only where a draw falls on its rounding. Throws RANGE for logits that are NaN,
/// +inf or all -inf, for a token that is not one of V, and what check() throws.
Index sample(std::span<const float> logits, std::span<const std::int32_t> so_far, const Sampling& sampling,
             Generator& generator);

}  // namespace attn::models
