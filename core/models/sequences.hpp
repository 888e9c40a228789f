#pragma once
// What the models from one sequence of tokens to another have in common.

#include <functional>
#include <optional>
#include <vector>

#include "attn/tensor.hpp"
#include "models/beam.hpp"
#include "models/config.hpp"

namespace attn::models {

/// Tokens of both vocabularies that stand for no word: what fills a batch up, begins a target and ends one.
struct SpecialTokens {
  Index pad = 0, bos = 1, eos = 2;

  void fields(Fields& f);
};

/// Throws RANGE unless the tokens differ and are of both vocabularies, which are of one size where they are tied.
void check_vocabularies(const char* model, Index source, Index target, bool tied, const SpecialTokens& tokens);

/// Throws TYPE, SHAPE unless source [B,S] and target_in [B,T] are int32, of at least 1 row and 1 step, and
/// no longer than `longest`.
void check_sequences(const char* model, const Tensor& source, const Tensor& target_in,
                     std::optional<Index> longest = {});

/// Of the rows of source [B,S]: as int32 lengths [B] say, all S without them. Throws TYPE, SHAPE, or RANGE unless
/// 1 <= length <= S.
std::vector<Index> lengths_of(const char* model, const Tensor& source, const Tensor& lengths);

/// The mean cross-entropy of logits [B,T,V] against int32 targets [B,T], but where they are pad.
Tensor sequence_loss(const Tensor& logits, const Tensor& targets, Index pad);

/// `decode` of each source, cut to its length [1,n]. Leaves no notes for gradients. Throws as those above.
std::vector<Decoded> decode_each(const char* model, const Tensor& source, const Tensor& lengths,
                                 const std::function<Decoded(const Tensor& source)>& decode,
                                 std::optional<Index> longest = {});

}  // namespace attn::models
