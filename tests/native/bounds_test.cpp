// Operators on views write their output and nothing behind it, at every tail of the lanes.
#include "helpers.hpp"

using namespace test;

namespace {

/// An output of this shape at the front of a larger buffer, whose rest must stay as it was.
void check_bounds(const char* what, const Shape& shape, const Function<void(const attn::Out&)>& run) {
  const Index n = attn::numel(shape);
  const Tensor buffer = attn::full({n + 64}, 7);
  run({buffer.data(), shape, attn::row_major_strides(shape)});
  for (Index i = n; i < n + 64; ++i)
    if (buffer.data()[i] != 7) {
      FAIL_CHECK(what << " of " << attn::to_string(shape) << " wrote " << i - n + 1 << " behind its end");
      return;
    }
}

}  // namespace

TEST_CASE("operators write nothing behind their output") {
  Random random(1);
  for (const Index n : sizes_around_lanes()) {
    if (n == 0) continue;
    const Tensor x = random.tensor({3, n}, 0.1f, 1), y = random.tensor({n}, 0.1f, 1), k = random.tensor({5, n}, 0.1f, 1);
    check_bounds("unary", {3, n}, [&](const attn::Out& out) { attn::ops::unary(attn::ops::Unary::exp, x.view(), out); });
    check_bounds("binary", {3, n}, [&](const attn::Out& out) { attn::ops::binary(attn::ops::Binary::mul, x.view(), y.view(), out); });
    check_bounds("copy", {n, 3}, [&](const attn::Out& out) { attn::ops::copy(attn::transpose(x, 0, 1).view(), out); });
    check_bounds("masked_fill", {3, n}, [&](const attn::Out& out) { attn::ops::masked_fill(x.view(), y.view(), 1, out); });
    check_bounds("softmax", {3, n}, [&](const attn::Out& out) { attn::ops::softmax(x.view(), out); });
    check_bounds("log_softmax", {3, n}, [&](const attn::Out& out) { attn::ops::log_softmax(x.view(), out); });
    check_bounds("log_sum_exp", {3}, [&](const attn::Out& out) { attn::ops::log_sum_exp(x.view(), out); });
    check_bounds("layer_norm", {3, n}, [&](const attn::Out& out) { attn::ops::layer_norm(x.view(), y.view(), y.view(), 1e-5, out); });
    check_bounds("rms_norm", {3, n}, [&](const attn::Out& out) { attn::ops::rms_norm(x.view(), y.view(), 1e-5, out); });
    check_bounds("entropy", {3}, [&](const attn::Out& out) { attn::ops::entropy(x.view(), out); });
    const Tensor square = random.tensor({n, n});
    check_bounds("matmul", {3, n}, [&](const attn::Out& out) { attn::ops::matmul(x.view(), square.view(), out); });
    const Tensor signal = attn::reshape(x, {1, 3, n}), taps = random.tensor({2, 3, 3});
    check_bounds("conv1d", {1, 2, n}, [&](const attn::Out& out) { attn::ops::conv1d(signal.view(), taps.view(), {}, {.stride = 1, .padding = 1}, out); });
    check_bounds("sinusoidal", {3, n}, [&](const attn::Out& out) { attn::ops::sinusoidal(out); });
    check_bounds("fused", {3, n}, [&](const attn::Out& out) {
      attn::ops::scaled_dot_product_attention(x.view(), k.view(), k.view(), {}, out);
    });
    for (const auto normalizer : {attn::Normalizer::softmax, attn::Normalizer::sum, attn::Normalizer::double_softmax, attn::Normalizer::sparsemax}) {
      attn::ops::AttendOptions o;
      o.normalizer = normalizer;
      const auto attend = [&](int which, const attn::Out& guarded) {
        Tensor own[5] = {Tensor::empty({3, 5}), Tensor::empty({3, 5}), Tensor::empty({3, 5}), Tensor::empty({3, 5}), Tensor::empty({3, n})};
        attn::Out outs[5] = {own[0].out(), own[1].out(), own[2].out(), own[3].out(), own[4].out()};
        outs[which] = guarded;
        attn::ops::attend(x.view(), k.view(), k.view(), o, {outs[0], outs[1], outs[2], outs[3], outs[4]});
      };
      for (int which = 0; which < 4; ++which)
        check_bounds("attend", {3, 5}, [&](const attn::Out& out) { attend(which, out); });
      check_bounds("attend", {3, n}, [&](const attn::Out& out) { attend(4, out); });
    }
  }
}
