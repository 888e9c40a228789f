#include "golden.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace golden {

namespace {

Tensor to_tensor(const json& x) {
  const auto shape = x.at("shape").get<attn::Shape>();
  if (x.value("dtype", "float32") == "int32") {
    const auto values = x.at("values").get<std::vector<std::int32_t>>();
    return Tensor::from(std::span<const std::int32_t>(values), shape);
  }
  const auto values = x.at("values").get<std::vector<float>>();
  return Tensor::from(std::span<const float>(values), shape);
}

Array to_array(const json& x) { return {x.at("shape").get<attn::Shape>(), x.at("values").get<std::vector<double>>()}; }

template <class T>
std::map<std::string, T> each(const json& named, T (*convert)(const json&)) {
  std::map<std::string, T> all;
  for (const auto& [key, x] : named.items()) all.emplace(key, convert(x));
  return all;
}

void check_relative(const Tensor& got, const Array& want, double relative) {
  double largest = 0;
  for (const double v : want.data) largest = std::max(largest, std::abs(v));
  test::check_close(got, want, relative * largest);
}

}  // namespace

Array nested_array(const json& numbers) {
  Array out;
  const test::Function<void(const json&)> flatten = [&](const json& part) {
    if (!part.is_array()) return out.data.push_back(part.get<double>());
    for (const json& inner : part) flatten(inner);
  };
  for (const json* part = &numbers; part->is_array(); part = &part->front())
    out.shape.push_back(static_cast<attn::Index>(part->size()));
  flatten(numbers);
  return out;
}

Tensor nested_tensor(const json& numbers) {
  const Array from = nested_array(numbers);
  Tensor out = Tensor::empty(from.shape);
  for (attn::Index i = 0; i < from.size(); ++i) out.data()[i] = static_cast<float>(from[i]);
  return out;
}

std::vector<Case> read(const std::string& name) {
  std::vector<Case> cases;
  for (const json& in : json::parse(test::read_golden(name))) {
    Case c{.name = in.at("name"),
           .layer = in.at("layer"),
           .options = in.at("options"),
           .state = {},
           .inputs = each(in.at("inputs"), to_tensor),
           .outputs = each(in.at("outputs"), to_array),
           .gradients = each(in.at("gradients"), to_array),
           .output_gradients = each(in.at("output_gradients"), to_tensor)};
    for (const auto& [key, x] : in.at("state").items()) c.state.emplace_back(key, to_tensor(x));
    for (auto& [key, x] : c.inputs)
      if (c.gradients.contains(key)) x.set_requires_grad(true);
    cases.push_back(std::move(c));
  }
  return cases;
}

Tensor Case::input(const std::string& key) const {
  const auto at = inputs.find(key);
  return at == inputs.end() ? Tensor() : at->second;
}

void Case::check(const std::map<std::string, Tensor>& got, const attn::nn::NamedTensors& parameters) const {
  CAPTURE(name);
  REQUIRE(got.size() == outputs.size());
  Tensor total = attn::zeros({});
  for (const auto& [key, want] : outputs) {
    CAPTURE(key);
    REQUIRE(got.contains(key));
    check_relative(got.at(key), want, 1e-5);
    const Tensor weighted = attn::binary(attn::ops::Binary::mul, got.at(key), output_gradients.at(key));
    total = attn::binary(attn::ops::Binary::add, total, attn::reduce(attn::ops::Reduction::sum, weighted));
  }
  total.backward();
  attn::nn::NamedTensors leaves = parameters;
  for (const auto& [key, x] : inputs)
    if (x.requires_grad()) leaves.emplace_back(key, x);
  CHECK(leaves.size() == gradients.size());
  for (const auto& [key, leaf] : leaves) {
    CAPTURE(key);
    REQUIRE(gradients.contains(key));
    REQUIRE(leaf.grad().defined());
    check_relative(leaf.grad(), gradients.at(key), 1e-4);
  }
}

}  // namespace golden
