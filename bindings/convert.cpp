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

}  // namespace attn::js
