#pragma once
// What tests of models from sequence to sequence share: inputs, and decoding checked against forward.


#include "helpers.hpp"
#include "models/beam.hpp"

namespace test {

/// Two sources of 4 and 2 tokens, and what the decoder reads.
inline const Tensor source = integers({3, 4, 5, 6, 7, 8, 0, 0}, {2, 4}), lengths = integers({4, 2});
inline const Tensor target_in = integers({1, 3, 4, 1, 5, 6}, {2, 3}), target_out = integers({3, 4, 2, 5, 2, 0}, {2, 3});

/// log P of what was decoded, by the logits [1,T,V] that `forward` gives for bos (1) and the tokens; the end (2) is
/// among them unless they are `most`.
inline double log_probability(const std::vector<std::int32_t>& tokens, Index most,
                              const Function<Tensor(const Tensor& target_in)>& forward) {
  std::vector<std::int32_t> in = tokens, out = tokens;
  in.insert(in.begin(), 1);
  out.push_back(2);
  if (static_cast<Index>(tokens.size()) == most) in.pop_back(), out.pop_back();
  const Tensor steps = attn::log_softmax(forward(Tensor::from(in, {1, static_cast<Index>(in.size())})), -1);
  double sum = 0;
  for (std::size_t t = 0; t < out.size(); ++t)
    sum += static_cast<double>(steps.data()[static_cast<Index>(t) * steps.size(2) + out[t]]);
  return sum;
}

}  // namespace test
