#include "attn/shape.hpp"

#include <algorithm>
#include <limits>

#include "attn/error.hpp"

namespace attn {

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i) text += ',';
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

Index numel(const Shape& shape) {
  Index n = 1;
  for (Index size : shape) n *= size;
  return n;
}

Index checked_numel(std::string_view op, const Shape& shape) {
  for (Index size : shape)
    if (size < 0) throw Error(ErrorCode::range, op, "every size must be 0 or more, got " + to_string(shape), {shape});
  // An empty tensor is fine however large its other sizes are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  constexpr Index most = std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(float));
  Index n = 1;
  for (Index size : shape) {
    if (size > most / n)
      throw Error(ErrorCode::oom, op, "a tensor of shape " + to_string(shape) + " does not fit in memory", {shape});
    n *= size;
  }
  return n;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size());
  std::size_t stride = 1;  // unsigned, since the other sizes of an empty tensor may be too large for it
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = static_cast<Index>(stride);
    stride *= static_cast<std::size_t>(std::max<Index>(shape[i], 1));
  }
  return strides;
}

Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const Index from_a = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    const Index from_b = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (from_a != from_b && from_a != 1 && from_b != 1)
      throw Error(ErrorCode::shape, op, "shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast",
                  {a, b});
    out[i] = from_a == 1 ? from_b : from_a;
  }
  return out;
}

Index checked_dim(std::string_view op, Index dim, Index rank) {
  if (rank == 0) throw Error(ErrorCode::range, op, "a scalar has no dimensions, got dim " + std::to_string(dim));
  if (dim < -rank || dim >= rank)
    throw Error(ErrorCode::range, op,
                "dim must be from " + std::to_string(-rank) + " to " + std::to_string(rank - 1) + ", got " +
                    std::to_string(dim));
  return dim < 0 ? dim + rank : dim;
}

In broadcast_to(const In& view, const Shape& shape) {
  const std::size_t added = shape.size() - view.shape.size();
  Shape strides(shape.size(), 0);
  for (std::size_t i = 0; i < view.shape.size(); ++i)
    if (view.shape[i] == shape[added + i]) strides[added + i] = view.strides[i];
  return {view.data, shape, strides};
}

}  // namespace attn
