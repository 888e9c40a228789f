#pragma once
// Where a row stands in its sequence, as layers. The operators rotary, alibi and sinusoidal stand in
// attn/functional.hpp.

#include "attn/nn/layers.hpp"

namespace attn::nn {

struct PositionsOptions {
  Index num_positions;  ///< N, the longest sequence
  Index embedding_dim;  ///< D
};

/// x + weight[first + t] for row t of x [...,T,D]; weight [N,D], standard normal at first. `first` is the position of
/// the first row: of a step of cached decoding, how many went before. Throws SHAPE, RANGE where the positions end.
/// Source: Gehring et al. 2017, arXiv:1705.03122.
class LearnedPositions : public Layer {
 public:
  explicit LearnedPositions(const PositionsOptions& options);
  Tensor forward(const Tensor& x) const override { return forward(x, 0); }
  Tensor forward(const Tensor& x, Index first) const;

  Tensor& weight;
};

/// The same with attn::sinusoidal for a weight, which does not learn and is not in the state dict.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
class SinusoidalPositions : public Layer {
 public:
  explicit SinusoidalPositions(const PositionsOptions& options);
  Tensor forward(const Tensor& x) const override { return forward(x, 0); }
  Tensor forward(const Tensor& x, Index first) const;

 private:
  Tensor table_;
};

}  // namespace attn::nn
