// What all optimisers share: which parameters have their turn, and the state that goes into a checkpoint.
#include <limits>

#include "attn/autograd.hpp"
#include "attn/functional.hpp"
#include "attn/optim.hpp"
#include "common.hpp"

namespace attn::optim {

Optimizer::Optimizer(const char* name, const std::vector<Tensor>& parameters, std::map<std::string, double> options)
    : name_(name), options_(std::move(options)) {
  if (parameters.empty()) throw Error(ErrorCode::range, name, "expected at least 1 parameter, got none");
  check_parameters(name, parameters);
  for (const Tensor& x : parameters) {
    if (!x.is_leaf())
      throw Error(ErrorCode::unsupported, name,
                  "a parameter must be a leaf, but an operator made this tensor " + to_string(x.shape()), {x.shape()});
    if (!x.contiguous())
      throw Error(ErrorCode::unsupported, name,
                  "a parameter must be contiguous, but this view " + to_string(x.shape()) + " is not", {x.shape()});
    slots_.push_back({x});
  }
}

void Optimizer::step() {
  const std::vector<std::string> names = buffer_names(options_);
  const NoGrad quiet;
  std::vector<Turn> turns;
  for (Slot& slot : slots_) {
    const Tensor gradient = slot.parameter.grad();
    if (!gradient.defined()) continue;
    turns.push_back({slot, contiguous(gradient)});
    // Zeros are what a parameter starts from, so that an error on the way has changed nothing.
    while (slot.buffers.size() < names.size()) slot.buffers.push_back(zeros(slot.parameter.shape()));
  }
  update(turns);
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    if (slot.step < std::numeric_limits<std::int32_t>::max()) ++slot.step;  // where no correction is left to make
    slot.parameter.written();
  }
}

void Optimizer::zero_grad() {
  for (const Slot& slot : slots_) slot.parameter.set_grad({});
}

void Optimizer::set_lr(double lr) {
  std::map<std::string, double> options = options_;
  options["lr"] = lr;
  check_options(options);
  options_ = std::move(options);
}

OptimizerState Optimizer::state_dict() const {
  OptimizerState state{name_, options_, {}};
  const std::vector<std::string> names = buffer_names(options_);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.step == 0) continue;
    const std::string prefix = "state." + std::to_string(i) + ".";
    state.tensors.emplace_back(prefix + "step", Tensor::from(std::span<const std::int32_t>(&slot.step, 1), {}));
    for (std::size_t j = 0; j < names.size(); ++j) state.tensors.emplace_back(prefix + names[j], slot.buffers[j]);
  }
  return state;
}

void Optimizer::load_state_dict(const OptimizerState& state) {
  constexpr const char* op = "load_state_dict";
  if (state.name != name_)
    throw Error(ErrorCode::format, op,
                std::string("expected the state of ") + name_ + ", got that of " + verbatim(state.name));
  const auto key = [](const auto& entry) { return entry.first; };
  if (!std::ranges::equal(state.options, options_, {}, key, key)) {
    std::string wanted, got;
    for (const auto& [option, value] : options_) wanted += " " + verbatim(option);
    for (const auto& [option, value] : state.options) got += " " + verbatim(option);
    throw Error(ErrorCode::format, op, "expected the options" + wanted + ", got" + got);
  }
  check_options(state.options);

  std::map<std::string, Tensor> left(state.tensors.begin(), state.tensors.end());
  std::string faults;
  const auto fault = [&](const std::string& what) { faults += (faults.empty() ? "" : "; ") + what; };
  if (left.size() != state.tensors.size()) fault("a name comes twice");
  const auto take = [&](const std::string& name, DType dtype, const Shape& shape) {
    const auto node = left.extract(name);
    if (node.empty()) {
      fault(verbatim(name) + " is missing");
      return Tensor();
    }
    const Tensor& x = node.mapped();
    if (x.defined() && x.dtype() == dtype && x.shape() == shape) return contiguous(x);
    fault(verbatim(name) + " must be " + to_string(dtype) + " " + to_string(shape) +
          (x.defined() ? std::string(", got ") + to_string(x.dtype()) + " " + to_string(x.shape()) : ", got none"));
    return Tensor();
  };
  const NoGrad quiet;
  const std::vector<std::string> names = buffer_names(state.options);
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots.emplace_back(Slot{slots_[i].parameter});
    const std::string prefix = "state." + std::to_string(i) + ".";
    const auto next = left.lower_bound(prefix);
    if (next == left.end() || !next->first.starts_with(prefix)) continue;
    if (const Tensor step = take(prefix + "step", DType::int32, {}); step.defined()) {
      slot.step = *step.data<std::int32_t>();
      if (slot.step < 1) fault(verbatim(prefix + "step") + " must be at least 1, got " + std::to_string(slot.step));
    }
    for (const std::string& name : names) {
      const Tensor x = take(prefix + name, DType::float32, slot.parameter.shape());
      if (x.defined()) slot.buffers.push_back(Tensor::from(std::span<const float>(x.values()), x.shape()));
    }
  }
  for (const auto& [name, x] : left) fault(verbatim(name) + " is unknown");
  if (!faults.empty()) throw Error(ErrorCode::format, op, faults);
  slots_ = std::move(slots);
  options_ = state.options;
}

}  // namespace attn::optim
