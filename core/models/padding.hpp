#pragma once
// Batches of tokens, in sequences of different lengths.

#include "attn/tensor.hpp"

namespace attn::models {

/// Throws TYPE, SHAPE or RANGE unless tokens are int32 [B,T], T from 1 to `longest`, and each from 0 to vocab_size - 1.
/// model names the error's operator.
void require_tokens(const char* model, const Tensor& tokens, Index longest, Index vocab_size);

/// PyTorch's key_padding_mask [B,T] for int32 lengths [B]: 1 from each length on, which may not be attended to. Throws
/// TYPE, SHAPE, or RANGE unless 0 <= length <= T.
Tensor padding_mask(const Tensor& lengths, Index steps);

}  // namespace attn::models
