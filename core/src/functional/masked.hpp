#pragma once
// Attention one stage after the other, for those who show its stages. A key whose masked score is -inf and whose weight
// is 0 counts for nothing, whatever it holds: 0 times NaN is not NaN here, neither forward nor backward.

#include "common.hpp"

namespace attn::detail {

// Of key and value there may be one for all the batches of the others, too.

/// query [...,T,D] · key [...,S,D]ᵀ. A score without a gradient leaves its key out of the query's.
Tensor dot_scores(const Tensor& query, const Tensor& key);

/// scores + mask, broadcast; scores where there is no mask. The mask's -inf are selected, not added.
Tensor add_mask(const Tensor& scores, const Tensor& mask);

/// weights [...,T,S] · value [...,S,D], where `masked` are the scores [...,T,S] that the weights came from; none where
/// nothing was masked.
Tensor weighted_sum(const Tensor& weights, const Tensor& value, const Tensor& masked);

// What their gradients are made of, and those of attn::attend.

/// a [...,T,S] · b [...,S,D], where an a of 0 leaves out what it stands before.
Tensor product_of_nonzero(const Tensor& a, const Tensor& b);
/// The gradient of weighted_sum's weights from that of the sum.
Tensor weights_gradient(const Tensor& gradient, const Tensor& weights, const Tensor& value, const Tensor& masked);
/// 1 where scores are -inf, else 0.
Tensor masked_out(const Tensor& scores);

}  // namespace attn::detail
