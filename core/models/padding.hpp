#pragma once
// Batches of sequences of different lengths.

#include "attn/tensor.hpp"

namespace attn::models {

/// PyTorch's key_padding_mask [B,T] for int32 lengths [B]: 1 from each length on, which may not be attended to. Throws
/// TYPE, SHAPE, or RANGE unless 0 <= length <= T.
Tensor padding_mask(const Tensor& lengths, Index steps);

}  // namespace attn::models
