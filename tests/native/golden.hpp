#pragma once
// Cases that another implementation computed; tests/golden/golden.py says what is in a file.

#include <map>
#include <nlohmann/json.hpp>

#include "helpers.hpp"

namespace golden {

using attn::Tensor;
using nlohmann::json;
using test::Array;

struct Case {
  std::string name, layer;
  json options;
  attn::nn::NamedTensors state;
  std::map<std::string, Tensor> inputs;  ///< those of which the file has a gradient require one
  std::map<std::string, Array> outputs, gradients;
  std::map<std::string, Tensor> output_gradients;

  /// None where the case has no such input.
  Tensor input(const std::string& key) const;
  /// The option, or `otherwise` where the case leaves it to its default.
  template <class T>
  T option(const char* key, T otherwise) const {
    return options.value(key, otherwise);
  }

  /// Compares the outputs, to 1e-5, then the gradients of sum(outputs · output_gradients) with respect to every input
  /// and parameter, to 1e-4; both relative to each tensor's largest absolute value. What the file has must be there,
  /// and nothing else.
  void check(const std::map<std::string, Tensor>& got, const attn::nn::NamedTensors& parameters = {}) const;
};

std::vector<Case> read(const std::string& name);

/// Nested lists of numbers.
Array nested_array(const json& numbers);
Tensor nested_tensor(const json& numbers);

}  // namespace golden
