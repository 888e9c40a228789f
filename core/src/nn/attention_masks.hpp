#pragma once
// PyTorch's masks as the core's.

#include "attn/functional.hpp"

namespace attn::nn {

/// A boolean mask (int32, non-zero forbids) as one to add: 0 or -inf. A float32 mask as it is. Throws TYPE.
Tensor additive_mask(const char* op, const char* what, const Tensor& mask);

/// key_padding_mask [B,S], or [S] where B is 1: as lengths where it only cuts off ends and `lengths` allows that, else
/// as an addition [B,1,S]. Throws SHAPE or TYPE.
Mask padding_mask(const char* op, const Tensor& key_padding_mask, Index batches, Index keys, bool lengths);

}  // namespace attn::nn
