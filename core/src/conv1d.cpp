// ops::conv1d; apart from ops.cpp, which is long enough.
#include "kernels/conv1d.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "attn/error.hpp"
#include "attn/ops.hpp"
#include "attn/thread_pool.hpp"
#include "simd.hpp"

namespace attn::ops {

Shape conv1d_shape(const In& input_view, const In& weight_view, const In& bias, const Conv1d& options) {
  const Shape &input = input_view.shape, &weight = weight_view.shape;
  constexpr Index most = std::numeric_limits<Index>::max() / 8;  // so that no sum can overflow
  if (options.stride < 1 || options.padding < 0 || options.padding > most)
    throw Error(ErrorCode::range, "conv1d",
                "stride must be at least 1 and padding from 0 to " + std::to_string(most) + ", got " +
                    std::to_string(options.stride) + " and " + std::to_string(options.padding));
  if (input.size() != 3 || weight.size() != 3 || input[1] != weight[1])
    throw Error(
        ErrorCode::shape, "conv1d",
        "input must be [N,Cin,L] and weight [Cout,Cin,K], got " + to_string(input) + " and " + to_string(weight),
        {input, weight});
  if (input[2] > most)  // an empty tensor may be
    throw Error(ErrorCode::range, "conv1d", "input is too long: " + to_string(input), {input});
  if (bias.data && bias.shape != Shape{weight[0]})
    throw Error(ErrorCode::shape, "conv1d",
                "bias must be [" + std::to_string(weight[0]) + "] to match weight " + to_string(weight) + ", got " +
                    to_string(bias.shape),
                {weight, bias.shape});
  const Index room = input[2] + 2 * options.padding - weight[2];
  if (weight[2] < 1 || room < 0)
    throw Error(ErrorCode::shape, "conv1d",
                "the kernel " + to_string(weight) + " must have from 1 to " +
                    std::to_string(input[2] + 2 * options.padding) + " taps to fit the padded input " +
                    to_string(input),
                {input, weight});
  return {input[0], weight[0], room / options.stride + 1};
}

void conv1d(const In& input, const In& weight, const In& bias, const Conv1d& options, const Out& out) {
  const Shape shape = conv1d_shape(input, weight, bias, options);
  const Index channels = shape[1], m = shape[2], in_channels = input.shape[1], l = input.shape[2], k = weight.shape[2];
  const Index stride =
      std::min(options.stride, l + 2 * options.padding);  // a longer one takes the first window alone too
  parallel_for(shape[0] * channels, 1, [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index n = row / channels, o = row % channels;
      float* to = out.data + row * m;
      std::fill_n(to, m, bias.data ? bias.data[o] : 0.0f);
      simd::dispatch([&]<class Arch>(Arch) {
        for (Index c = 0; c < in_channels; ++c)
          kernels::conv1d_add<Arch>(l, k, m, input.data + (n * in_channels + c) * l,
                                    weight.data + (o * in_channels + c) * k, stride, options.padding, to);
      });
    }
  });
}

}  // namespace attn::ops
