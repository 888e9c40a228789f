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

struct Tensor::Storage {
  void* const data;
  const std::size_t bytes;
  std::uint32_t version = 0;  ///< counts the calls of written()

  explicit Storage(std::size_t n) : data(::operator new(n, kAlignment)), bytes(n) { live_bytes += bytes; }
  ~Storage() {
    live_bytes -= bytes;
    ::operator delete(data, kAlignment);
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
};

const Tensor::Impl Tensor::nothing{};

const char* to_string(DType dtype) { return dtype == DType::float32 ? "float32" : "int32"; }

std::size_t tensor_bytes() { return live_bytes; }

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  const Index n = checked_numel("empty", shape);
  Tensor tensor;
  try {
    tensor.impl_ = std::make_shared<Impl>();
    tensor.impl_->storage = std::make_shared<Storage>(static_cast<std::size_t>(n) * sizeof(float));  // int32 is as wide
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, "empty", "no memory for a tensor of shape " + to_string(shape), {shape});
  }
  tensor.impl_->shape = shape;
  tensor.impl_->strides = row_major_strides(shape);
  tensor.impl_->dtype = dtype;
  return tensor;
}

Tensor Tensor::from(std::span<const float> values, const Shape& shape) { return copied(values, shape, DType::float32); }

Tensor Tensor::from(std::span<const std::int32_t> values, const Shape& shape) {
  return copied(values, shape, DType::int32);
}

template <class T>
T* Tensor::data() const {
  constexpr DType wanted = std::is_same_v<T, float> ? DType::float32 : DType::int32;
  if (dtype() != wanted)
    throw Error(ErrorCode::type, "data",
                std::string("expected a tensor of ") + to_string(wanted) + ", got " + to_string(dtype()));
  return impl_ ? static_cast<T*>(impl_->storage->data) + impl_->offset : nullptr;
}
template float* Tensor::data<float>() const;
template std::int32_t* Tensor::data<std::int32_t>() const;

void Tensor::written() const { ++impl_->storage->version; }

std::uint32_t Tensor::version() const { return impl_->storage->version; }

bool Tensor::shares_nothing() const { return impl_.use_count() == 1 && impl_->storage.use_count() == 1; }

Tensor Tensor::restrided(const Shape& shape, const Shape& strides, Index offset) const {
  Tensor view;
  view.impl_ = std::make_shared<Impl>();
  view.impl_->storage = impl_->storage;
  view.impl_->offset = impl_->offset + offset;
  view.impl_->shape = shape;
  view.impl_->strides = strides;
  view.impl_->dtype = impl_->dtype;
  return view;
}

bool Tensor::requires_grad() const { return impl().requires_grad || impl().node; }
bool Tensor::is_leaf() const { return !impl().node; }

Tensor& Tensor::set_requires_grad(bool wanted) {
  if (!defined() || dtype() != DType::float32)
    throw Error(ErrorCode::type, "requires_grad", "only tensors of float32 have gradients");
  if (!is_leaf())
    throw Error(
        ErrorCode::unsupported, "requires_grad",
        "an operator made this tensor " + to_string(shape()) + "; ask for gradients of its inputs, or detach it");
  impl_->requires_grad = wanted;
  return *this;
}

Tensor Tensor::grad() const {
  Tensor gradient;
  gradient.impl_ = impl().grad;
  return gradient;
}

void Tensor::set_grad(const Tensor& gradient) const {
  if (gradient.defined() && gradient.shape() != shape())
    throw Error(ErrorCode::shape, "grad",
                "must be " + to_string(shape()) + " as its tensor, got " + to_string(gradient.shape()),
                {shape(), gradient.shape()});
  if (gradient.defined() && gradient.dtype() != DType::float32)
    throw Error(ErrorCode::type, "grad", std::string("must be float32, got ") + to_string(gradient.dtype()));
  impl_->grad = gradient.impl_;
}

}  // namespace attn
