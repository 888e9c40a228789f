#include "attn/nn/module.hpp"

#include <algorithm>

#include "attn/error.hpp"
#include "attn/ops.hpp"

namespace attn::nn {

Tensor& Module::register_parameter(std::string name, Tensor x) {
  if (x.defined()) x.set_requires_grad(true);
  return *parameters_.emplace_back(std::move(name), std::make_unique<Tensor>(std::move(x))).second;
}

void Module::collect(const std::string& prefix, NamedTensors& out) const {
  for (const auto& [name, parameter] : parameters_)
    if (parameter->defined()) out.emplace_back(prefix + name, *parameter);
  for (const auto& [name, part] : parts_) part->collect(prefix + name + ".", out);
}

NamedTensors Module::named_parameters() const {
  NamedTensors all, once;
  collect("", all);
  for (auto& [name, x] : all)
    if (std::ranges::none_of(once, [&](const auto& known) { return known.second.is(x); }))
      once.emplace_back(std::move(name), x);
  return once;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (const auto& [name, x] : named_parameters()) all.push_back(x);
  return all;
}

Index Module::num_parameters() const {
  Index count = 0;
  for (const Tensor& x : parameters()) count += x.numel();
  return count;
}

NamedTensors Module::state_dict() const {
  NamedTensors all;
  collect("", all);
  for (auto& [name, x] : all) x = x.detach();
  return all;
}

void Module::load_state_dict(const NamedTensors& state, bool strict) {
  NamedTensors own;
  collect("", own);
  std::string faults;
  const auto find = [](const NamedTensors& in, const std::string& name) {
    return std::ranges::find_if(in, [&](const auto& entry) { return entry.first == name; });
  };
  const auto fault = [&](const std::string& what) { faults += (faults.empty() ? "" : "; ") + what; };
  for (const auto& [name, x] : own) {
    const auto given = find(state, name);
    if (given == state.end()) {
      if (strict) fault(verbatim(name) + " is missing");
    } else if (given->second.shape() != x.shape()) {
      fault(verbatim(name) + " must be " + to_string(x.shape()) + ", got " + to_string(given->second.shape()));
    } else if (given->second.dtype() != x.dtype()) {
      fault(verbatim(name) + " must be " + to_string(x.dtype()) + ", got " + to_string(given->second.dtype()));
    }
  }
  if (strict)
    for (const auto& [name, x] : state)
      if (find(own, name) == own.end()) fault(verbatim(name) + " is unknown");
  if (!faults.empty()) throw Error(ErrorCode::format, "load_state_dict", faults);
  for (const auto& [name, x] : own) {
    const auto given = find(state, name);
    if (given == state.end()) continue;
    ops::copy<float>(given->second.view(), x.out());
    x.written();
  }
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, part] : parts_) part->train(on);
}

}  // namespace attn::nn
