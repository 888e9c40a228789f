#pragma once
// An n-dimensional array: shared storage, a shape, strides, and where its gradient goes.

#include <cstdint>
#include <memory>
#include <span>

#include "attn/shape.hpp"

namespace attn {

enum class DType { float32, int32 };
const char* to_string(DType dtype);

namespace autograd {
struct Node;
}

/// Copying a Tensor shares it: its elements and what it knows of gradients. Operators never write to their arguments;
/// who does (a fresh tensor's maker, an optimiser) says so by written().
class Tensor {
 public:
  /// No tensor: defined() is false. The way to leave out an optional argument.
  Tensor() = default;

  /// Uninitialised elements, contiguous. Throws RANGE or OOM.
  static Tensor empty(const Shape& shape, DType dtype = DType::float32);
  /// Copies. Throws SHAPE unless values.size() is the number of elements.
  static Tensor from(std::span<const float> values, const Shape& shape);
  static Tensor from(std::span<const std::int32_t> values, const Shape& shape);

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl().shape; }
  const Shape& strides() const { return impl().strides; }
  DType dtype() const { return impl().dtype; }
  Index rank() const { return static_cast<Index>(shape().size()); }
  Index size(Index dim) const { return shape()[static_cast<std::size_t>(dim < 0 ? dim + rank() : dim)]; }
  Index numel() const { return attn::numel(shape()); }
  bool contiguous() const { return strides() == row_major_strides(shape()); }

  /// The first element; the rest by strides(). T is float or std::int32_t and must be the dtype.
  template <class T = float>
  T* data() const;
  /// The elements of a contiguous tensor.
  template <class T = float>
  std::span<T> values() const {
    return {data<T>(), static_cast<std::size_t>(numel())};
  }
  /// To be called after writing to elements that may have been an operator's input before: a backward pass that needs
  /// the old ones then throws instead of giving a wrong gradient.
  void written() const;
  /// How often that was said of its elements.
  std::uint32_t version() const;
  /// Whether this is a copy of other: the same tensor, not only the same elements.
  bool is(const Tensor& other) const { return impl_ == other.impl_; }
  /// Whether no other tensor has these elements.
  bool shares_nothing() const;

  In view() const { return {data<float>(), shape(), strides()}; }
  Out out() const { return {data<float>(), shape(), strides()}; }

  /// The same storage under another shape, without a gradient; shape and strides must stay inside it.
  Tensor restrided(const Shape& shape, const Shape& strides, Index offset = 0) const;
  /// The same elements, as if they had come from nowhere.
  Tensor detach() const { return restrided(shape(), strides()); }

  /// Whether a gradient is wanted: of a leaf that was told so, and of what operators made of such (attn/autograd.hpp).
  bool requires_grad() const;
  /// A leaf is what no recorded operator made.
  bool is_leaf() const;
  /// Of a leaf. Throws UNSUPPORTED on another tensor, TYPE on integers.
  Tensor& set_requires_grad(bool wanted);
  /// What the calls of backward() since the last set_grad have added up for a leaf; none before the first.
  Tensor grad() const;
  void set_grad(const Tensor& gradient) const;
  /// Adds to the grad() of every leaf that this came from its gradient of sum(this · gradient); without a gradient this
  /// must hold one element. Frees what the operators kept for it, unless told. Throws SHAPE, UNSUPPORTED where there is
  /// nothing to differentiate or it was freed.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;

 private:
  friend struct autograd::Node;
  struct Storage;
  struct Impl {
    std::shared_ptr<Storage> storage{};
    Index offset = 0;
    Shape shape{}, strides{};
    DType dtype = DType::float32;
    bool requires_grad = false;
    std::shared_ptr<Impl> grad{};
    std::shared_ptr<autograd::Node> node{};  ///< what made it, where that was recorded
  };
  static const Impl nothing;

  const Impl& impl() const { return impl_ ? *impl_ : nothing; }

  std::shared_ptr<Impl> impl_;
};

/// Bytes that live tensors hold in all.
std::size_t tensor_bytes();

}  // namespace attn
