#pragma once
// What passes between C++ and JavaScript: errors, shapes, lists of tensors.

#include <emscripten/val.h>

#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn/error.hpp"
#include "attn/nn/module.hpp"
#include "attn/optim.hpp"
#include "attn/probe.hpp"
#include "attn/tensor.hpp"

namespace attn::js {

/// Embind's finalisation covers smart pointers only, so every tensor crosses as one. Null: no tensor.
using TensorPtr = std::shared_ptr<Tensor>;
using ModulePtr = std::shared_ptr<nn::Module>;
using OptimizerPtr = std::shared_ptr<optim::Optimizer>;

inline TensorPtr share(Tensor tensor) { return std::make_shared<Tensor>(std::move(tensor)); }
inline Tensor tensor_or_none(const TensorPtr& tensor) { return tensor ? *tensor : Tensor(); }
inline TensorPtr share_or_none(const Tensor& tensor) { return tensor.defined() ? share(tensor) : nullptr; }

/// NaN stands for "not given".
inline std::optional<double> optional_number(double x) {
  return std::isnan(x) ? std::nullopt : std::optional<double>(x);
}
inline std::optional<Index> optional_whole(double x) {
  return std::isnan(x) ? std::nullopt : std::optional<Index>(static_cast<Index>(x));
}

/// Sizes or dimensions from a JavaScript array of whole numbers. Throws OOM where one does not fit an Index.
Shape to_shape(const emscripten::val& numbers);
std::vector<Tensor> to_tensors(const emscripten::val& tensors);

/// A JavaScript array of name, tensor, name, tensor, …; from two arrays, of names and of tensors.
emscripten::val to_list(const nn::NamedTensors& tensors);
nn::NamedTensors to_named(const emscripten::val& names, const emscripten::val& tensors);

/// Two results, an array in JavaScript; the second may be none.
struct TensorPair {
  TensorPtr first, second;
};

/// A function of a name and a tensor that returns a tensor, or null to leave it, or false to stop; null: no probe.
/// Nothing is thrown through here by JavaScript: the facade keeps its error until this side has put its things away.
Probe to_probe(const emscripten::val& see);

/// Tells the facade of an error. The message is without the operator: the facade names the function that its user
/// called, and where that runs many, the operator too.
void report(ErrorCode code, const std::string& op, const std::string& message, const std::vector<Shape>& shapes = {});

/// Runs f; a C++ exception is reported and an empty result returned, upon which the facade throws its AttnError.
/// Not thrown from here: Embind frees converted arguments only after a return, so a throw would leak them.
template <class F>
auto guard(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const Error& e) {
    report(e.code(), e.op(), e.marked(), e.shapes());
  } catch (const std::bad_alloc&) {
    report(ErrorCode::oom, "", "no memory left for an intermediate result");
  } catch (const std::exception& e) {
    report(ErrorCode::internal, "", e.what());
  }
  return decltype(f())();
}

/// guarded<f> is f behind guard, for Embind's tables.
template <auto F>
struct Guarded;
template <class R, class... Args, R (*F)(Args...)>
struct Guarded<F> {
  static R call(Args... args) {
    return guard([&] { return F(std::forward<Args>(args)...); });
  }
};
template <auto F>
inline constexpr auto guarded = &Guarded<F>::call;

}  // namespace attn::js
