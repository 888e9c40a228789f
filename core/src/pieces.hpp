#pragma once
// How much work makes a piece that is worth handing to another thread.

#include <algorithm>

#include "attn/shape.hpp"

namespace attn::detail {

/// Multiplications below which other threads take longer to wake than to help.
inline constexpr double kInline = 4e5;
/// Elements of a simple pass.
inline constexpr Index kGrain = Index{1} << 12;

/// Rows of n elements that make a piece of such a pass.
inline Index rows_per_piece(Index n) { return std::max<Index>(1, kGrain / std::max<Index>(1, n)); }

}  // namespace attn::detail
