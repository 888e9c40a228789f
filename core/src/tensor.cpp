#include "attn/tensor.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "attn/error.hpp"

namespace attn {

namespace {

std::atomic<std::size_t> live_bytes{0};

/// Aligned for the widest SIMD registers and a cache line.
constexpr std::align_val_t kAlignment{64};

std::shared_ptr<void> allocate(std::size_t bytes) {
  void* memory = ::operator new(bytes, kAlignment);  // throws std::bad_alloc
  live_bytes += bytes;
  return {memory, [bytes](void* p) {
            live_bytes -= bytes;
            ::operator delete(p, kAlignment);
          }};
}

template <class T>
Tensor copied(std::span<const T> values, const Shape& shape, DType dtype) {
  const Index n = checked_numel("tensor", shape);
  if (static_cast<Index>(values.size()) != n)
    throw Error(
        ErrorCode::shape, "tensor",
        "shape " + to_string(shape) + " holds " + std::to_string(n) + " elements, got " + std::to_string(values.size()),
        {shape, {static_cast<Index>(values.size())}});
  Tensor tensor = Tensor::empty(shape, dtype);
  if (n) std::memcpy(tensor.data<T>(), values.data(), values.size_bytes());
  return tensor;
}

}  // namespace

const char* to_string(DType dtype) { return dtype == DType::float32 ? "float32" : "int32"; }

std::size_t tensor_bytes() { return live_bytes; }

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  const Index n = checked_numel("empty", shape);
  Tensor tensor;
  try {
    tensor.storage_ = allocate(static_cast<std::size_t>(n) * sizeof(float));  // int32 is as wide
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, "empty", "no memory for a tensor of shape " + to_string(shape), {shape});
  }
  tensor.shape_ = shape;
  tensor.strides_ = row_major_strides(shape);
  tensor.dtype_ = dtype;
  return tensor;
}

Tensor Tensor::from(std::span<const float> values, const Shape& shape) { return copied(values, shape, DType::float32); }

Tensor Tensor::from(std::span<const std::int32_t> values, const Shape& shape) {
  return copied(values, shape, DType::int32);
}

template <class T>
T* Tensor::data() const {
  constexpr DType wanted = std::is_same_v<T, float> ? DType::float32 : DType::int32;
  if (dtype_ != wanted)
    throw Error(ErrorCode::type, "data",
                std::string("expected a tensor of ") + to_string(wanted) + ", got " + to_string(dtype_));
  return static_cast<T*>(storage_.get()) + offset_;
}
template float* Tensor::data<float>() const;
template std::int32_t* Tensor::data<std::int32_t>() const;

Tensor Tensor::restrided(const Shape& shape, const Shape& strides, Index offset) const {
  Tensor view = *this;
  view.shape_ = shape;
  view.strides_ = strides;
  view.offset_ += offset;
  return view;
}

}  // namespace attn
