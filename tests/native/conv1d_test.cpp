// One-dimensional convolution and the sinusoidal positional encoding.
#include <cmath>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

void check_against_reference(const Tensor& input, const Tensor& weight, const Tensor& bias, Index stride,
                             Index padding) {
  CAPTURE(attn::to_string(input.shape()));
  CAPTURE(attn::to_string(weight.shape()));
  CAPTURE(stride);
  CAPTURE(padding);
  const auto abs = [](double v) { return std::abs(v); };
  const Array x = exact(input), w = exact(weight), b = exact(bias);
  const Array magnitude =
      reference::conv1d(reference::map(abs, x), reference::map(abs, w), reference::map(abs, b), stride, padding);
  // Cin·K products, and the bias.
  const auto terms = static_cast<double>(weight.size(1) * weight.size(2) + 1);
  check_close(attn::conv1d(input, weight, bias, {.stride = stride, .padding = padding}),
              reference::conv1d(x, w, b, stride, padding), tolerance::sum(terms, magnitude));
}

}  // namespace

TEST_CASE("conv1d over lengths, kernels, strides and paddings") {
  Random random(1);
  for (const Index length : {1, 2, 5, 8, 9, 17, 33})
    for (const Index kernel : {1, 2, 3, 5})
      for (const Index stride : {1, 2, 3, 7})
        for (const Index padding : {0, 1, 2, 6}) {
          if (length + 2 * padding < kernel) continue;
          check_against_reference(random.tensor({2, 3, length}), random.tensor({4, 3, kernel}), random.tensor({4}),
                                  stride, padding);
        }
  check_against_reference(random.tensor({1, 1, 9}), random.tensor({1, 1, 3}), {}, 1, 0);
  check_against_reference(attn::transpose(random.tensor({2, 9, 3}), 1, 2), random.tensor({4, 3, 3}), {}, 1, 1);
  CHECK(attn::conv1d(attn::zeros({0, 2, 5}), attn::zeros({3, 2, 3})).shape() == Shape{0, 3, 3});
}

TEST_CASE("conv1d slides the kernel without turning it round") {
  check_values(attn::conv1d(tensor({1, 2, 3, 4}, {1, 1, 4}), tensor({1, 10}, {1, 1, 2})), {21, 32, 43});
  check_values(attn::conv1d(tensor({1, 2}, {1, 1, 2}), tensor({1, 10, 100}, {1, 1, 3}), tensor({5}, {1}),
                            {.stride = 2, .padding = 2}),
               {105, 26});
  constexpr Index far = std::numeric_limits<Index>::max();
  check_values(attn::conv1d(tensor({1, 2}, {1, 1, 2}), tensor({1}, {1, 1, 1}), {}, {.stride = far, .padding = 2}), {0});
  check_values(attn::conv1d(tensor({1, 2}, {1, 1, 2}), tensor({1, 10}, {1, 1, 2}), {}, {.stride = far, .padding = 1}),
               {10});
}

TEST_CASE("conv1d refuses what does not fit") {
  const Tensor x = attn::zeros({1, 2, 5}), w = attn::zeros({3, 2, 3});
  check_error(ErrorCode::shape, "conv1d", {"[1,2,5]", "[3,4,3]"}, [&] { attn::conv1d(x, attn::zeros({3, 4, 3})); });
  check_error(ErrorCode::shape, "conv1d", {"[2,5]", "[3,2,3]"}, [&] { attn::conv1d(attn::zeros({2, 5}), w); });
  check_error(ErrorCode::shape, "conv1d", {"[1,2,5]", "[3,2]"}, [&] { attn::conv1d(x, attn::zeros({3, 2})); });
  check_error(ErrorCode::shape, "conv1d", {"[3,2,3]", "[4]"}, [&] { attn::conv1d(x, w, attn::zeros({4})); });
  check_error(ErrorCode::shape, "conv1d", {"[3,2,3]", "[3,1]"}, [&] { attn::conv1d(x, w, attn::zeros({3, 1})); });
  check_error(ErrorCode::shape, "conv1d", {"[3,2,6]", "[1,2,5]"}, [&] { attn::conv1d(x, attn::zeros({3, 2, 6})); });
  check_error(ErrorCode::shape, "conv1d", {"[3,2,0]"}, [&] { attn::conv1d(x, attn::zeros({3, 2, 0})); });
  check_error(ErrorCode::range, "conv1d", {"stride", "0"},
              [&] { attn::conv1d(x, w, {}, {.stride = 0, .padding = 0}); });
  check_error(ErrorCode::range, "conv1d", {"padding", "-1"},
              [&] { attn::conv1d(x, w, {}, {.stride = 1, .padding = -1}); });
  check_error(ErrorCode::type, "conv1d", {"int32"}, [&] { attn::conv1d(x, w, integers({1, 2, 3})); });
  check_error(ErrorCode::shape, "conv1d", {"[3,2,3]", "[]"}, [&] { attn::conv1d(x, w, attn::full({}, 5)); });
  constexpr Index most = std::numeric_limits<Index>::max();
  check_error(ErrorCode::range, "conv1d", {"padding"}, [&] { attn::conv1d(x, w, {}, {.stride = 1, .padding = most}); });
  check_error(ErrorCode::range, "conv1d", {"padding"},
              [&] { attn::conv1d(x, w, {}, {.stride = 1, .padding = most / 2}); });
}

TEST_CASE("the sinusoidal encoding is computed in double and rounded once") {
  for (const auto& [length, dim] :
       {std::pair<Index, Index>{1, 1}, {3, 4}, {7, 5}, {100, 16}, {2000, 8}, {0, 4}, {4, 0}}) {
    const Array want = reference::sinusoidal(length, dim);
    // Rounding of the result, at most that of 1; the angle's own, 3 double roundings of at most 2000, is below it.
    check_close(attn::sinusoidal(length, dim), want, 1.01 * tolerance::rounding);
  }
  check_values(attn::sinusoidal(1, 4), {0, 1, 0, 1});
  check_error(ErrorCode::range, "empty", {"[-1,4]"}, [] { attn::sinusoidal(-1, 4); });
}
