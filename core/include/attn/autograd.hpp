#pragma once
// Reverse-mode differentiation: operators leave a note of how their result depends on their inputs, and
// Tensor::backward() walks the notes back. Gradients of gradients are not to be had.

#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "attn/tensor.hpp"

namespace attn {

/// While it lives, operators of this thread leave no notes.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool grad_enabled();

/// When on, the first operator whose recorded result, or a gradient of whose inputs, holds a NaN throws RANGE and names
/// itself. Costs a pass over every one of them.
void set_detect_anomaly(bool on);
bool detect_anomaly();

namespace autograd {

/// Takes the gradients of an operator's inputs on their way back.
class Gradients {
 public:
  explicit Gradients(Node& node) : node_(node) {}
  /// Whether input i wants one; computing it for another is wasted.
  bool wants(std::size_t i) const;
  /// Adds to the gradient of input i, whose shape it has.
  void add(std::size_t i, const Tensor& gradient);
  /// Adds to a slice of it alone, from `start` on along dimension dim of the input's shape `whole`, so that the slices
  /// of one tensor do not each cost as much as all of it.
  void add_slice(std::size_t i, const Tensor& gradient, const Shape& whole, Index dim, Index start);

 private:
  Node& node_;
};

/// From the gradient of an operator's result to those of its inputs. Contiguous; runs under NoGrad.
/// Not std::function, which can be copied and looked into: with one for each operator that was a third of their time to
/// compile, and of their size.
class Backward {
 public:
  Backward() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Backward>) Backward(F f)
      : f_(new F(std::move(f)), [](void* p) { delete static_cast<F*>(p); }),
        call_([](void* p, const Tensor& gradient, Gradients& to) { (*static_cast<F*>(p))(gradient, to); }) {}

  void operator()(const Tensor& gradient, Gradients& to) const { call_(f_.get(), gradient, to); }
  explicit operator bool() const { return f_ != nullptr; }

 private:
  std::unique_ptr<void, void (*)(void*)> f_{nullptr, [](void*) {}};
  void (*call_)(void*, const Tensor&, Gradients&) = nullptr;
};

/// Whether an operator on these inputs should be recorded.
bool recording(std::initializer_list<Tensor> inputs);
bool recording(const std::vector<Tensor>& inputs);

/// Notes that op made out from inputs. To be called only where recording(inputs); out must be fresh. backward must not
/// hold out itself, which would never be freed, but out.detach().
void record(const char* op, const Tensor& out, const std::vector<Tensor>& inputs, Backward backward);

/// A tensor kept for a backward pass; get() throws UNSUPPORTED if it was written to since.
class Saved {
 public:
  Saved(const Tensor& x);  // NOLINT: captured by name
  const Tensor& get() const;

 private:
  Tensor tensor_;
  std::uint32_t version_;
};

}  // namespace autograd
}  // namespace attn
