#include "conv1d.hpp"

#include <algorithm>

#include "reduce.hpp"

namespace attn::kernels {

void conv1d_add(Index l, Index k, Index m, const float* input, const float* weight, Index stride, Index padding,
                float* out) {
  for (Index j = 0; j < k; ++j) {
    // The outputs whose input i·stride + j - padding lies inside.
    const Index shift = j - padding;
    const Index begin = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    const Index end = l - shift <= 0 ? 0 : std::min(m, (l - shift + stride - 1) / stride);
    if (begin >= end) continue;
    if (stride == 1)
      axpy(end - begin, weight[j], input + begin + shift, out + begin);
    else
      for (Index i = begin; i < end; ++i) out[i] += weight[j] * input[i * stride + shift];
  }
}

}  // namespace attn::kernels
