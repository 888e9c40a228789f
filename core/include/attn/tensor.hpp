#pragma once
// An n-dimensional array: shared storage, a shape, strides.

#include <cstdint>
#include <memory>
#include <span>

#include "attn/shape.hpp"

namespace attn {

enum class DType { float32, int32 };
const char* to_string(DType dtype);

/// Copying a Tensor shares its elements. Operators never write to their arguments, so sharing shows only to the one
/// who fills a fresh tensor through data().
class Tensor {
 public:
  /// No tensor: defined() is false. The way to leave out an optional argument.
  Tensor() = default;

  /// Uninitialised elements, contiguous. Throws RANGE or OOM.
  static Tensor empty(const Shape& shape, DType dtype = DType::float32);
  /// Copies. Throws SHAPE unless values.size() is the number of elements.
  static Tensor from(std::span<const float> values, const Shape& shape);
  static Tensor from(std::span<const std::int32_t> values, const Shape& shape);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  DType dtype() const { return dtype_; }
  Index rank() const { return static_cast<Index>(shape_.size()); }
  Index size(Index dim) const { return shape_[static_cast<std::size_t>(dim < 0 ? dim + rank() : dim)]; }
  Index numel() const { return attn::numel(shape_); }
  bool contiguous() const { return strides_ == row_major_strides(shape_); }

  /// The first element; the rest by strides(). T is float or std::int32_t and must be the dtype.
  template <class T = float>
  T* data() const;
  /// The elements of a contiguous tensor.
  template <class T = float>
  std::span<T> values() const {
    return {data<T>(), static_cast<std::size_t>(numel())};
  }

  In view() const { return {data<float>(), shape_, strides_}; }
  Out out() const { return {data<float>(), shape_, strides_}; }

  /// The same storage under another shape; shape and strides must stay inside it.
  Tensor restrided(const Shape& shape, const Shape& strides, Index offset = 0) const;

 private:
  std::shared_ptr<void> storage_;
  Index offset_ = 0;
  Shape shape_, strides_;
  DType dtype_ = DType::float32;
};

/// Bytes that live tensors hold in all.
std::size_t tensor_bytes();

}  // namespace attn
