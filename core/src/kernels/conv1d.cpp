#include "conv1d.hpp"

#include "../simd.hpp"
#include "reduce.hpp"

namespace attn::kernels {

template <class Arch>
void conv1d_add(Index l, Index k, Index m, const float* input, const float* weight, Index stride, Index padding,
                float* out) {
  for (Index j = 0; j < k; ++j) {
    // The outputs whose input i·stride + j - padding lies inside.
    const Index shift = j - padding;
    const Index begin = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    const Index inside = l - shift <= 0 ? 0 : (l - shift + stride - 1) / stride, end = m < inside ? m : inside;
    if (begin >= end) continue;
    if (stride == 1)
      axpy<Arch>(end - begin, weight[j], input + begin + shift, out + begin);
    else
      for (Index i = begin; i < end; ++i) out[i] += weight[j] * input[i * stride + shift];
  }
}

template void conv1d_add<simd::Arch>(Index, Index, Index, const float*, const float*, Index, Index, float*);

}  // namespace attn::kernels
