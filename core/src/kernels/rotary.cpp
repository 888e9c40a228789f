#include "rotary.hpp"

#include "../simd.hpp"

namespace attn::kernels {

template <class Arch>
void rotate(Index half, const float* x, const float* turn, bool back, float* out) {
  const float *y = x + half, *sine = turn + half;
  const float sign = back ? -1.0f : 1.0f;
  for (Index i = 0; i < half; ++i) {  // plain, for compilers make registers of it
    const float s = sign * sine[i];
    out[i] = x[i] * turn[i] - y[i] * s;
    out[half + i] = y[i] * turn[i] + x[i] * s;
  }
}

template void rotate<simd::Arch>(Index, const float*, const float*, bool, float*);

}  // namespace attn::kernels
