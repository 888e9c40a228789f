#include "dropout.hpp"

#include "../simd.hpp"

namespace attn::kernels {

template <class Arch>
void dropout(Index n, const float* x, std::uint64_t key, Index first, std::uint32_t threshold, float factor,
             float* out) {
  const auto low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
  for (Index i = 0; i < n; ++i) {  // plain, for compilers make registers of it
    std::uint32_t h = (static_cast<std::uint32_t>(first + i) * 0x9e3779b9u) ^ low;
    h = (h ^ (h >> 16)) * 0x21f0aaadu;  // Wellons' hash of two rounds, the key's other half between them
    h = ((h ^ (h >> 15)) + high) * 0x735a2d97u;
    h ^= h >> 15;
    out[i] = h >= threshold ? x[i] * factor : 0.0f;
  }
}

template void dropout<simd::Arch>(Index, const float*, std::uint64_t, Index, std::uint32_t, float, float*);

}  // namespace attn::kernels
