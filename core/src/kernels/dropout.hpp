#pragma once
// Noise that depends on where an element stands, not on who computes it.

#include <cstdint>

#include "attn/shape.hpp"

namespace attn::kernels {

/// out[i] = factor · x[i] where a hash of key and first + i is at least `threshold`, else 0; a chance of
/// threshold / 2^32.
template <class Arch>
void dropout(Index n, const float* x, std::uint64_t key, Index first, std::uint32_t threshold, float factor,
             float* out);

}  // namespace attn::kernels
