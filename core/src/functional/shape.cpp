// Another shape for the same elements, parts of them, and parts joined.
#include <algorithm>

#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

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

Tensor narrowed(const Tensor& x, std::size_t at, Index start, Index end) {
  Shape shape = x.shape();
  shape[at] = std::max<Index>(0, end - start);
  return x.restrided(shape, x.strides(), shape[at] ? start * x.strides()[at] : 0);
}

}  // namespace

Tensor contiguous(const Tensor& x) {
  if (x.contiguous()) return x;
  const Tensor out = Tensor::empty(x.shape(), x.dtype());
  copy_into(x, out);
  if (recording({x})) record("contiguous", out, {x}, [](const Tensor& g, Gradients& to) { to.add(0, g); });
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
  const Tensor out = contiguous(x.detach()).restrided(shape, row_major_strides(shape));
  if (recording({x}))
    record("reshape", out, {x},
           [before = x.shape()](const Tensor& g, Gradients& to) { to.add(0, reshape(g, before)); });
  return out;
}

Tensor permute(const Tensor& x, const Shape& dims) {
  if (static_cast<Index>(dims.size()) != x.rank())
    throw Error(ErrorCode::shape, "permute",
                "dims must name each of the " + std::to_string(x.rank()) + " dimensions of " + to_string(x.shape()) +
                    " once, got " + to_string(dims),
                {x.shape(), dims});
  Shape shape, strides, back(dims.size());
  std::vector<bool> seen(dims.size());
  for (const Index dim : dims) {
    const auto at = static_cast<std::size_t>(checked_dim("permute", dim, x.rank()));
    if (seen[at])
      throw Error(ErrorCode::range, "permute", "dims must name each dimension once, got " + to_string(dims));
    seen[at] = true;
    back[at] = static_cast<Index>(shape.size());
    shape.push_back(x.shape()[at]);
    strides.push_back(x.strides()[at]);
  }
  const Tensor out = x.restrided(shape, strides);
  if (recording({x}))
    record("permute", out, {x}, [back](const Tensor& g, Gradients& to) { to.add(0, permute(g, back)); });
  return out;
}

Tensor transpose(const Tensor& x, Index dim0, Index dim1) {
  Shape shape = x.shape(), strides = x.strides();
  const auto a = static_cast<std::size_t>(checked_dim("transpose", dim0, x.rank()));
  const auto b = static_cast<std::size_t>(checked_dim("transpose", dim1, x.rank()));
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  const Tensor out = x.restrided(shape, strides);
  if (recording({x}))
    record("transpose", out, {x},
           [dim0, dim1](const Tensor& g, Gradients& to) { to.add(0, transpose(g, dim0, dim1)); });
  return out;
}

Tensor slice(const Tensor& x, Index dim, Index start, Index end) {
  const auto at = static_cast<std::size_t>(checked_dim("slice", dim, x.rank()));
  const Index size = x.shape()[at];
  const auto clamp = [size](Index i) { return std::clamp<Index>(i < 0 ? i + size : i, 0, size); };
  start = clamp(start), end = clamp(end);
  const Tensor out = narrowed(x, at, start, end);
  if (recording({x}))
    record("slice", out, {x}, [at, start, before = x.shape()](const Tensor& g, Gradients& to) {
      to.add_slice(0, g, before, static_cast<Index>(at), start);
    });
  return out;
}

namespace {

Tensor rows_of_table(const char* op, const Tensor& x, const Tensor& indices, std::optional<Index> without_gradient) {
  if (indices.dtype() != DType::int32)
    throw Error(ErrorCode::type, op, std::string("indices must be int32, got ") + to_string(indices.dtype()));
  Shape shape = indices.shape();
  shape.insert(shape.end(), x.shape().begin() + 1, x.shape().end());
  const Tensor rows = dense(op, x), list = contiguous(indices), out = Tensor::empty(shape);
  ops::index(op, rows.view(), list.values<std::int32_t>(), out.out());
  if (recording({x}))
    record(op, out, {x}, [before = x.shape(), kept = Saved(list), without_gradient](const Tensor& g, Gradients& to) {
      const Tensor whole = zeros(before);
      ops::index_add(g.view(), kept.get().values<std::int32_t>(), whole.out());
      if (without_gradient) std::ranges::fill(slice(whole, 0, *without_gradient, *without_gradient + 1).values(), 0.0f);
      to.add(0, whole);
    });
  return out;
}

}  // namespace

Tensor index(const Tensor& x, const Tensor& indices) {
  if (x.rank() < 1) throw Error(ErrorCode::shape, "index", "x must have at least 1 dimension, got []", {x.shape()});
  return rows_of_table("index", x, indices, {});
}

Tensor embedding(const Tensor& indices, const Tensor& weight, std::optional<Index> padding_idx) {
  if (weight.rank() != 2)
    throw Error(ErrorCode::shape, "embedding", "weight must be [N,D], got " + to_string(weight.shape()),
                {weight.shape()});
  if (padding_idx && (*padding_idx < 0 || *padding_idx >= weight.size(0)))
    throw Error(ErrorCode::range, "embedding",
                "padding_idx must be a row of " + to_string(weight.shape()) + ", got " + std::to_string(*padding_idx));
  return rows_of_table("embedding", weight, indices, padding_idx);
}

Tensor cat(const std::vector<Tensor>& tensors, Index dim) {
  if (tensors.empty()) throw Error(ErrorCode::range, "cat", "there is nothing to join");
  const Tensor& first = tensors.front();
  const auto at = static_cast<std::size_t>(checked_dim("cat", dim, first.rank()));
  Shape shape = first.shape();
  shape[at] = 0;
  std::vector<Index> ends;
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
    ends.push_back(shape[at] += x.shape()[at]);
  }
  const Tensor out = Tensor::empty(shape, first.dtype());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    copy_into(tensors[i], narrowed(out, at, i == 0 ? 0 : ends[i - 1], ends[i]));
  if (recording(tensors))
    record("cat", out, tensors, [at, ends](const Tensor& g, Gradients& to) {
      for (std::size_t i = 0; i < ends.size(); ++i)
        if (to.wants(i)) to.add(i, narrowed(g, at, i == 0 ? 0 : ends[i - 1], ends[i]));
    });
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
