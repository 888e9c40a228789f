// The table of optimisers and what a training loop needs beside them.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

using emscripten::val;
using EarlyStoppingPtr = std::shared_ptr<optim::EarlyStopping>;

OptimizerPtr sgd(const val& parameters, double lr, double momentum, double dampening, double weight_decay,
                 bool nesterov) {
  return std::make_shared<optim::SGD>(
      to_tensors(parameters),
      optim::SGDOptions{
          .lr = lr, .momentum = momentum, .dampening = dampening, .weight_decay = weight_decay, .nesterov = nesterov});
}
/// Adam or AdamW, whose options have the same names.
template <class Optimizer, class Options>
OptimizerPtr adam(const val& parameters, double lr, double beta1, double beta2, double eps, double weight_decay,
                  bool amsgrad) {
  return std::make_shared<Optimizer>(
      to_tensors(parameters),
      Options{.lr = lr, .betas = {beta1, beta2}, .eps = eps, .weight_decay = weight_decay, .amsgrad = amsgrad});
}
void step(optim::Optimizer& optimizer) { optimizer.step(); }
void zero_grad(optim::Optimizer& optimizer) { optimizer.zero_grad(); }
double lr(const optim::Optimizer& optimizer) { return optimizer.lr(); }
void set_lr(optim::Optimizer& optimizer, double lr) { optimizer.set_lr(lr); }

/// { name, options, tensors: a list as to_list makes it }
val optimizer_state(const optim::Optimizer& optimizer) {
  const optim::OptimizerState state = optimizer.state_dict();
  val out = val::object(), options = val::object();
  for (const auto& [name, value] : state.options) options.set(name, value);
  out.set("name", state.name);
  out.set("options", options);
  out.set("tensors", to_list(state.tensors));
  return out;
}
void load_optimizer_state(optim::Optimizer& optimizer, const std::string& name, const val& option_names,
                          const val& option_values, const val& names, const val& tensors) {
  optim::OptimizerState state{.name = name, .tensors = to_named(names, tensors)};
  const auto keys = emscripten::vecFromJSArray<std::string>(option_names);
  const auto values = emscripten::convertJSArrayToNumberVector<double>(option_values);
  for (std::size_t i = 0; i < keys.size(); ++i) state.options[keys[i]] = values[i];
  optimizer.load_state_dict(state);
}

double clip_grad_norm_of(const val& parameters, double max_norm, double norm_type, bool error_if_nonfinite) {
  return optim::clip_grad_norm(to_tensors(parameters), max_norm, norm_type, error_if_nonfinite);
}
double constant_at(double lr, int step) { return optim::constant(lr)(step); }
double warmup_cosine_at(double lr, int total_steps, int warmup_steps, double min_lr, int step) {
  return optim::warmup_cosine({.lr = lr, .total_steps = total_steps, .warmup_steps = warmup_steps, .min_lr = min_lr})(
      step);
}

EarlyStoppingPtr early_stopping(int patience, double min_delta) {
  return std::make_shared<optim::EarlyStopping>(patience, min_delta);
}
bool stop(optim::EarlyStopping& stopping, int step, double loss) { return stopping.stop(step, loss); }
int best_step(const optim::EarlyStopping& stopping) { return static_cast<int>(stopping.best_step()); }
double best_loss(const optim::EarlyStopping& stopping) { return stopping.best_loss(); }

EMSCRIPTEN_BINDINGS(optim) {
  using emscripten::class_;
  using emscripten::function;

  class_<optim::Optimizer>("Optimizer").smart_ptr<OptimizerPtr>("OptimizerPtr");
  function("newSgd", guarded<&sgd>);
  function("newAdam", guarded<&adam<optim::Adam, optim::AdamOptions>>);
  function("newAdamW", guarded<&adam<optim::AdamW, optim::AdamWOptions>>);
  function("step", guarded<&step>);
  function("zeroGrad", guarded<&zero_grad>);
  function("lr", guarded<&lr>);
  function("setLr", guarded<&set_lr>);
  function("optimizerState", guarded<&optimizer_state>);
  function("loadOptimizerState", guarded<&load_optimizer_state>);

  function("clipGradNorm", guarded<&clip_grad_norm_of>);
  function("constantAt", guarded<&constant_at>);
  function("warmupCosineAt", guarded<&warmup_cosine_at>);

  class_<optim::EarlyStopping>("EarlyStopping").smart_ptr<EarlyStoppingPtr>("EarlyStoppingPtr");
  function("newEarlyStopping", guarded<&early_stopping>);
  function("stop", guarded<&stop>);
  function("bestStep", guarded<&best_step>);
  function("bestLoss", guarded<&best_loss>);
}

}  // namespace
}  // namespace attn::js
