// Creation and change of shape: the part of functional.hpp that computes nothing.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "attn/error.hpp"
#include "attn/functional.hpp"
#include "attn/random.hpp"

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

template <class T>
void copy_into(const Tensor& x, const Tensor& out) {
  ops::copy<T>({x.data<T>(), x.shape(), x.strides()}, {out.data<T>(), out.shape(), out.strides()});
}

void copy_into(const Tensor& x, const Tensor& out) {
  if (x.dtype() == DType::int32)
    copy_into<std::int32_t>(x, out);
  else
    copy_into<float>(x, out);
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

Tensor eye(Index n) {
  Tensor x = zeros({n, n});
  for (Index i = 0; i < n; ++i) x.data()[i * n + i] = 1;
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

Tensor contiguous(const Tensor& x) {
  if (x.contiguous()) return x;
  Tensor out = Tensor::empty(x.shape(), x.dtype());
  copy_into(x, out);
  return out;
}

Tensor reshape(const Tensor& x, Shape shape) {
  const Shape asked = shape;
  const auto free = std::ranges::find(shape, -1);
  if (free != shape.end()) {
    *free = 1;
    const Index rest = checked_numel("reshape", shape);
    *free = rest == 0 ? 0 : x.numel() / rest;
  }
  if (checked_numel("reshape", shape) != x.numel())
    throw Error(ErrorCode::shape, "reshape",
                to_string(x.shape()) + " holds " + std::to_string(x.numel()) + " elements and cannot become " +
                    to_string(asked),
                {x.shape(), asked});
  return contiguous(x).restrided(shape, row_major_strides(shape));
}

Tensor permute(const Tensor& x, const Shape& dims) {
  if (static_cast<Index>(dims.size()) != x.rank())
    throw Error(ErrorCode::shape, "permute",
                "dims must name each of the " + std::to_string(x.rank()) + " dimensions of " + to_string(x.shape()) +
                    " once, got " + to_string(dims),
                {x.shape(), dims});
  Shape shape, strides;
  std::vector<bool> seen(dims.size());
  for (Index dim : dims) {
    const auto at = static_cast<std::size_t>(checked_dim("permute", dim, x.rank()));
    if (seen[at])
      throw Error(ErrorCode::range, "permute", "dims must name each dimension once, got " + to_string(dims));
    seen[at] = true;
    shape.push_back(x.shape()[at]);
    strides.push_back(x.strides()[at]);
  }
  return x.restrided(shape, strides);
}

Tensor transpose(const Tensor& x, Index dim0, Index dim1) {
  Shape shape = x.shape(), strides = x.strides();
  const auto a = static_cast<std::size_t>(checked_dim("transpose", dim0, x.rank()));
  const auto b = static_cast<std::size_t>(checked_dim("transpose", dim1, x.rank()));
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return x.restrided(shape, strides);
}

Tensor slice(const Tensor& x, Index dim, Index start, Index end) {
  const auto at = static_cast<std::size_t>(checked_dim("slice", dim, x.rank()));
  const Index size = x.shape()[at];
  const auto clamp = [size](Index i) { return std::clamp<Index>(i < 0 ? i + size : i, 0, size); };
  start = clamp(start);
  Shape shape = x.shape();
  shape[at] = std::max<Index>(0, clamp(end) - start);
  return x.restrided(shape, x.strides(), shape[at] ? start * x.strides()[at] : 0);
}

Tensor index(const Tensor& x, const Tensor& indices) {
  if (x.rank() < 1) throw Error(ErrorCode::shape, "index", "x must have at least 1 dimension, got []", {x.shape()});
  if (indices.dtype() != DType::int32)
    throw Error(ErrorCode::type, "index", std::string("indices must be int32, got ") + to_string(indices.dtype()));
  Shape shape = indices.shape();
  shape.insert(shape.end(), x.shape().begin() + 1, x.shape().end());
  const Tensor rows = contiguous(x), list = contiguous(indices);
  Tensor out = Tensor::empty(shape);
  ops::index(rows.view(), list.values<std::int32_t>(), out.out());
  return out;
}

Tensor cat(const std::vector<Tensor>& tensors, Index dim) {
  if (tensors.empty()) throw Error(ErrorCode::range, "cat", "there is nothing to join");
  const Tensor& first = tensors.front();
  const auto at = static_cast<std::size_t>(checked_dim("cat", dim, first.rank()));
  Shape shape = first.shape();
  shape[at] = 0;
  for (const Tensor& x : tensors) {
    Shape other = x.shape();
    if (x.rank() == first.rank()) other[at] = first.shape()[at];
    if (other != first.shape())
      throw Error(ErrorCode::shape, "cat",
                  "all sizes but that of dimension " + std::to_string(at) + " must be those of " +
                      to_string(first.shape()) + ", got " + to_string(x.shape()),
                  {first.shape(), x.shape()});
    if (x.dtype() != first.dtype())
      throw Error(ErrorCode::type, "cat",
                  std::string("all must be ") + to_string(first.dtype()) + ", got " + to_string(x.dtype()));
    shape[at] += x.shape()[at];
  }
  Tensor out = Tensor::empty(shape, first.dtype());
  Index start = 0;
  for (const Tensor& x : tensors) {
    const Index end = start + x.shape()[at];
    copy_into(x, slice(out, static_cast<Index>(at), start, end));
    start = end;
  }
  return out;
}

Tensor stack(const std::vector<Tensor>& tensors, Index dim) {
  if (tensors.empty()) throw Error(ErrorCode::range, "stack", "there is nothing to stack");
  const Index at = checked_dim("stack", dim, tensors.front().rank() + 1);
  std::vector<Tensor> rows;
  for (const Tensor& x : tensors) {
    if (x.shape() != tensors.front().shape())
      throw Error(ErrorCode::shape, "stack",
                  "all shapes must be " + to_string(tensors.front().shape()) + ", got " + to_string(x.shape()),
                  {tensors.front().shape(), x.shape()});
    Shape shape = x.shape();
    shape.insert(shape.begin() + at, 1);
    rows.push_back(reshape(x, shape));
  }
  return cat(rows, at);
}

}  // namespace attn
