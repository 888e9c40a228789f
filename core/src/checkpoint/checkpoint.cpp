#include "attn/checkpoint.hpp"

#include <cmath>
#include <string_view>

#include "json.hpp"

namespace attn {

using nlohmann::json;

namespace {

constexpr const char* kOptimizer = "optimizer";
constexpr std::string_view kOptimizerPrefix = "optimizer.";

/// From the metadata and the tensors behind the prefix.
optim::OptimizerState read_state(const char* op, const std::string& text, nn::NamedTensors tensors) {
  const std::string what = "the optimizer in the metadata";
  const json described = detail::parse_object(op, what, text);
  const auto name = described.find("name"), options = described.find("options");
  if (name == described.end() || !name->is_string() || options == described.end() || !options->is_object())
    detail::malformed(op, what + " must have a name and options, got " + detail::excerpt(text));
  optim::OptimizerState state{name->get<std::string>(), {}, std::move(tensors)};
  for (const auto& [key, value] : options->items()) {
    if (!value.is_number())
      detail::malformed(op,
                        what + ": " + detail::excerpt(key) + " must be a number, got " + detail::excerpt(value.dump()));
    state.options[key] = value.get<double>();
  }
  return state;
}

}  // namespace

std::vector<std::byte> save_checkpoint(const nn::Module& model, const optim::Optimizer* optimizer,
                                       const Metadata& metadata) {
  constexpr const char* op = "save_checkpoint";
  nn::NamedTensors tensors = model.state_dict();
  for (const auto& [name, x] : tensors)
    if (name.starts_with(kOptimizerPrefix))
      detail::malformed(op, "the model's name " + detail::excerpt(name) + " is kept for the optimizer");
  if (metadata.contains(kOptimizer)) detail::malformed(op, "the metadata's key optimizer is kept for the optimizer");
  Metadata all = metadata;
  if (optimizer) {
    optim::OptimizerState state = optimizer->state_dict();
    for (const auto& [option, value] : state.options)  // JSON has no word for infinity
      if (!std::isfinite(value))
        detail::malformed(
            op, "the optimizer's option " + detail::excerpt(option) + " must be finite, got " + std::to_string(value));
    all[kOptimizer] = detail::dump(op, {{"name", state.name}, {"options", state.options}});
    for (auto& [name, x] : state.tensors) tensors.emplace_back(std::string(kOptimizerPrefix) + name, x);
  }
  return save_safetensors(tensors, all);
}

void load_checkpoint(const Checkpoint& checkpoint, nn::Module& model, optim::Optimizer* optimizer) {
  constexpr const char* op = "load_checkpoint";
  nn::NamedTensors weights, moments;
  for (const auto& [name, x] : checkpoint.tensors)
    if (name.starts_with(kOptimizerPrefix))
      moments.emplace_back(name.substr(kOptimizerPrefix.size()), x);
    else
      weights.emplace_back(name, x);
  if (!optimizer) return model.load_state_dict(weights);

  const auto described = checkpoint.metadata.find(kOptimizer);
  if (described == checkpoint.metadata.end()) detail::malformed(op, "there is no optimizer in the metadata");
  const optim::OptimizerState before = optimizer->state_dict();
  optimizer->load_state_dict(read_state(op, described->second, std::move(moments)));
  try {
    model.load_state_dict(weights);
  } catch (...) {
    optimizer->load_state_dict(before);
    throw;
  }
}

Metadata load_checkpoint(std::span<const std::byte> bytes, nn::Module& model, optim::Optimizer* optimizer,
                         bool allow_nonfinite) {
  Checkpoint checkpoint = load_safetensors(bytes, allow_nonfinite);
  load_checkpoint(checkpoint, model, optimizer);
  checkpoint.metadata.erase(kOptimizer);
  return std::move(checkpoint.metadata);
}

}  // namespace attn
