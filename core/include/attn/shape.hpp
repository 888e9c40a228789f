#pragma once
// Shapes, strides and views. A view is a pointer with a shape; it owns nothing.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// A size or an index; signed, so that differences are safe.
using Index = std::ptrdiff_t;
using Shape = std::vector<Index>;

/// "[3,1]", the form in which every error names a shape.
std::string to_string(const Shape& shape);

/// Number of elements. Throws RANGE on a negative size, and OOM where the elements' bytes would not fit in memory.
Index checked_numel(std::string_view op, const Shape& shape);

/// Number of elements of a shape that is known to be valid.
Index numel(const Shape& shape);

/// Strides in elements of a contiguous tensor.
Shape row_major_strides(const Shape& shape);

/// The shape that a and b broadcast to by NumPy's rules. Throws SHAPE, naming both.
Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b);

/// `dim` counted from the end where it is negative. Throws RANGE unless -rank <= dim < rank.
Index checked_dim(std::string_view op, Index dim, Index rank);

template <class T>
struct View {
  T* data = nullptr;
  Shape shape;
  Shape strides;  ///< in elements; 0 repeats

  Index rank() const { return static_cast<Index>(shape.size()); }
  /// Size of a dimension; a negative one counts from the end.
  Index size(Index dim) const { return shape[static_cast<std::size_t>(dim < 0 ? dim + rank() : dim)]; }
  Index numel() const { return attn::numel(shape); }
  bool contiguous() const { return strides == row_major_strides(shape); }
};

using In = View<const float>;
using Out = View<float>;

/// The view repeated along new or size-1 dimensions to `shape`; `shape` must be a broadcast of it.
In broadcast_to(const In& view, const Shape& shape);

}  // namespace attn
