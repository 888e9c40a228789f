#include "convert.hpp"

#include <emscripten.h>

#include <limits>

namespace attn::js {

namespace {

EM_JS(void, attn_fail, (const char* code, const char* op, const char* message, const char* shapes),
      { Module['fail'](UTF8ToString(code), UTF8ToString(op), UTF8ToString(message), UTF8ToString(shapes)); });

}  // namespace

void report(ErrorCode code, const std::string& op, const std::string& message,
            const std::vector<Shape>& failed_shapes) {
  std::string shapes = "[";  // JSON
  for (const Shape& shape : failed_shapes) shapes += (shapes.size() > 1 ? "," : "") + to_string(shape);
  shapes += "]";
  attn_fail(to_string(code), op.c_str(), message.c_str(), shapes.c_str());
}

Shape to_shape(const emscripten::val& numbers) {
  const std::vector<double> sizes = emscripten::convertJSArrayToNumberVector<double>(numbers);
  Shape shape;
  for (double size : sizes) {
    if (!(size <= static_cast<double>(std::numeric_limits<Index>::max()) &&
          size >= static_cast<double>(std::numeric_limits<Index>::min())))
      throw Error(ErrorCode::oom, "shape", "a size of " + std::to_string(size) + " does not fit in memory");
    shape.push_back(static_cast<Index>(size));
  }
  return shape;
}

std::vector<Tensor> to_tensors(const emscripten::val& tensors) {
  std::vector<Tensor> list;
  for (const TensorPtr& tensor : emscripten::vecFromJSArray<TensorPtr>(tensors)) list.push_back(*tensor);
  return list;
}

emscripten::val to_list(const nn::NamedTensors& tensors) {
  emscripten::val list = emscripten::val::array();
  for (const auto& [name, tensor] : tensors) {
    list.call<void>("push", name);
    list.call<void>("push", share(tensor));
  }
  return list;
}

nn::NamedTensors to_named(const emscripten::val& names, const emscripten::val& tensors) {
  nn::NamedTensors named;
  const std::vector<Tensor> list = to_tensors(tensors);
  for (const std::string& name : emscripten::vecFromJSArray<std::string>(names))
    named.emplace_back(name, list[named.size()]);
  return named;
}

Probe to_probe(const emscripten::val& see) {
  if (see.isNull()) return {};
  return Probe([see](const std::string& name, const Tensor& x) {
    const emscripten::val answer = see(name, share(x));
    if (answer.isFalse()) throw Error(ErrorCode::aborted, "probe", "its function threw");
    return tensor_or_none(answer.as<TensorPtr>());
  });
}

}  // namespace attn::js
