#include <algorithm>
#include <cmath>
#include <limits>

#include "attn/random.hpp"
#include "common.hpp"

namespace attn {

namespace {

template <class T>
void fill(const Tensor& x, T value) {
  std::ranges::fill(x.values<T>(), value);
}

Tensor filled(const Shape& shape, DType dtype, int value) {
  Tensor x = Tensor::empty(shape, dtype);
  if (dtype == DType::int32)
    fill<std::int32_t>(x, value);
  else
    fill<float>(x, static_cast<float>(value));
  return x;
}

}  // namespace

Tensor zeros(const Shape& shape, DType dtype) { return filled(shape, dtype, 0); }
Tensor ones(const Shape& shape, DType dtype) { return filled(shape, dtype, 1); }

Tensor full(const Shape& shape, float value) {
  Tensor x = Tensor::empty(shape);
  fill<float>(x, value);
  return x;
}

Tensor arange(double start, double end, double step, DType dtype) {
  const double count = std::ceil((end - start) / step);
  if (step == 0 || !std::isfinite(count) || count < 0)
    throw Error(ErrorCode::range, "arange",
                "step must lead from start to end, got start " + std::to_string(start) + ", end " +
                    std::to_string(end) + ", step " + std::to_string(step));
  if (count >= 0x1p31) throw Error(ErrorCode::oom, "arange", "too many elements: " + std::to_string(count));
  Tensor x = Tensor::empty({static_cast<Index>(count)}, dtype);
  const double last = start + (count - 1) * step;
  constexpr double most = std::numeric_limits<std::int32_t>::max(), least = std::numeric_limits<std::int32_t>::min();
  if (dtype == DType::int32 && count > 0 && (std::min(start, last) < least || std::max(start, last) > most))
    throw Error(ErrorCode::range, "arange",
                "int32 holds numbers from -2147483648 to 2147483647, got " + std::to_string(start) + " to " +
                    std::to_string(last));
  for (Index i = 0; i < x.numel(); ++i) {
    const double value = start + static_cast<double>(i) * step;
    if (dtype == DType::int32)
      x.data<std::int32_t>()[i] = static_cast<std::int32_t>(value);
    else
      x.data()[i] = static_cast<float>(value);
  }
  return x;
}

Tensor eye(Index n, DType dtype) {
  const Tensor x = zeros({n, n}, dtype);
  for (Index i = 0; i < n; ++i) {
    if (dtype == DType::int32)
      x.data<std::int32_t>()[i * n + i] = 1;
    else
      x.data()[i * n + i] = 1;
  }
  return x;
}

Tensor rand(const Shape& shape) {
  Tensor x = Tensor::empty(shape);
  // 24 bits, so that rounding to float never gives 1.
  for (float& value : x.values()) value = static_cast<float>(default_generator().next() >> 40) * 0x1p-24f;
  return x;
}

Tensor randn(const Shape& shape) {
  Tensor x = Tensor::empty(shape);
  for (float& value : x.values()) value = static_cast<float>(default_generator().normal());
  return x;
}

Tensor sinusoidal(Index length, Index dim) {
  const Tensor out = Tensor::empty({length, dim});
  ops::sinusoidal(out.out());
  return out;
}

}  // namespace attn
