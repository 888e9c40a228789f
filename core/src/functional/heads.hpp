#pragma once
// What lies between the projections of multi-head attention: features as heads, attention, heads as features.

#include "common.hpp"

namespace attn::detail {

/// Projected queries, keys and values [B,T,N·D] or [T,B,N·D], as one projection each made them: one tensor whose
/// features are the heads of query, then of key, then of value; two, where the second holds key and value; or three.
struct Heads {
  std::vector<Tensor> projected;
  Index num_heads, num_kv_heads, head_dim;
  bool batch_first;
  std::optional<double> rotary_base{};  ///< none: positions stay out of it
  Index first_position = 0;

  // [B,H,T,D] and [B,G,S,D], noted as changes of shape; views, but what is turned.
  Tensor query() const;
  Tensor key() const;
  Tensor value() const;
  /// What attend_heads or join_heads gave, as [B,H,T,D]; a view too.
  Tensor parted(const Tensor& joined) const;
};

/// [B,H,T,D] as [B,T,H·D], or [T,B,H·D].
Tensor join_heads(const Tensor& x, bool batch_first);

/// join_heads of the fused attention of the heads: one operator, which copies each head once on its way in and out and
/// so reads rows that lie together, and whose gradient is written where the projections want it.
Tensor attend_heads(const Heads& heads, const Mask& mask);

/// attn::rotary, from any strides but 1 along D to such; or back.
void rotate(const Tensor& x, Index first, double base, bool back, const Tensor& out);

}  // namespace attn::detail
