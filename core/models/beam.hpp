#pragma once
// Decoding: the search for a likely sequence of tokens, one step of a model at a time.

#include <cstdint>
#include <functional>
#include <vector>

#include "attn/tensor.hpp"

namespace attn::models {

struct DecodeOptions {
  Index max_length = 50;      ///< tokens at most, the end's among them
  Index beams = 1;            ///< hypotheses that are kept; 1: the likeliest token of each step
  double length_penalty = 0;  ///< α, at least 0; 0: none, and then short sequences are favoured
};

struct Decoded {
  std::vector<std::int32_t> tokens{};  ///< without those of the begin and the end
  double score = 0;                    ///< log P / ((5 + n) / 6)^α; n tokens, the end's among them
  Tensor alignment{};                  ///< [tokens,S]: where the model looked for each of them
};

/// What a model says after its last tokens.
struct BeamStep {
  Tensor logits;     ///< [N,V]
  Tensor alignment;  ///< [N,S]
};
/// The model's next step for N hypotheses: the last token of each, int32 [N], and which row of the step before it goes
/// on from, int32 [N]; one hypothesis and row 0 at first.
using Advance = std::function<BeamStep(const Tensor& tokens, const Tensor& parents)>;

/// The sequence of the highest score that a beam search finds. Each step keeps the likeliest continuations of all
/// hypotheses, as many as there are beams; one that ends leaves the beam, which is narrower by one from then on. Ends
/// when no hypothesis that goes on can still win: log P never rises, so its score at max_length bounds it. What has not
/// ended by max_length counts as it is. Ties go to the likelier hypothesis, then to the smaller token. Leaves no notes
/// for gradients. Throws RANGE for options without sense or logits with NaN, SHAPE.
/// Sources: Sutskever et al. 2014, arXiv:1409.3215, section 3.2; Wu et al. 2016, arXiv:1609.08144, equation 14 without
/// its coverage term.
Decoded beam_search(const Advance& advance, std::int32_t begin, std::int32_t end, const DecodeOptions& options = {});

/// The largest of each row [...,V] -> int32 [...]; the first of equals.
Tensor argmax(const Tensor& logits);

}  // namespace attn::models
