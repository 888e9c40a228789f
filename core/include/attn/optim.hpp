#pragma once
// Optimisers, and what a training loop needs beside them: clipping, schedules, early stopping. Names, defaults and
// arithmetic are PyTorch's.

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "attn/nn/module.hpp"

namespace attn::optim {

/// What a step starts from beside the parameters; with it in a checkpoint, training goes on as if never stopped.
struct OptimizerState {
  std::string name{};                       ///< "AdamW"
  std::map<std::string, double> options{};  ///< Optimizer::options()
  /// "state.0.exp_avg" for the first parameter, …, and int32 "state.0.step", how many steps it has had; nothing for a
  /// parameter that never had a gradient.
  nn::NamedTensors tensors{};
};

class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  /// Moves every parameter that has a gradient, in one pass over all. NaN is not hidden: a NaN in a gradient is one in
  /// the parameter and in what is remembered of it.
  void step();
  /// Leaves the parameters without gradients.
  void zero_grad();

  /// By PyTorch's names; betas are beta1 and beta2, 1 is for what is on.
  const std::map<std::string, double>& options() const { return options_; }
  double lr() const { return options_.at("lr"); }
  /// Throws RANGE unless lr is 0 or more and finite.
  void set_lr(double lr);

  /// Its tensors share the elements that step() writes to.
  OptimizerState state_dict() const;
  /// Copies; the options too, as in PyTorch. Throws FORMAT that lists what does not fit, RANGE for an option out of its
  /// range, and then changes nothing.
  void load_state_dict(const OptimizerState& state);

 protected:
  /// A parameter and what is remembered of it: `buffers` are none before its first step.
  struct Slot {
    Tensor parameter{};
    std::int32_t step = 0;
    std::vector<Tensor> buffers{};
  };
  /// A slot whose turn it is; step does not count it yet.
  struct Turn {
    const Slot& slot;
    Tensor gradient;
    Index numel() const { return slot.parameter.numel(); }
    float* buffer(std::size_t i) const { return i < slot.buffers.size() ? slot.buffers[i].data() : nullptr; }
  };

  /// Throws TYPE unless all are float32, UNSUPPORTED unless leaves and contiguous, RANGE where there are none or one
  /// comes twice.
  Optimizer(const char* name, const std::vector<Tensor>& parameters, std::map<std::string, double> options);

  virtual void check_options(const std::map<std::string, double>& options) const = 0;
  virtual std::vector<std::string> buffer_names(const std::map<std::string, double>& options) const = 0;
  virtual void update(const std::vector<Turn>& turns) const = 0;

 private:
  const char* name_;
  std::map<std::string, double> options_;
  std::vector<Slot> slots_;
};

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  ///< L2
  bool nesterov = false;    ///< needs momentum, and no dampening
};
/// g' = g + weight_decay · p; b = momentum · b + (1 - dampening) · g', at first b = g'; p -= lr · b, or with nesterov
/// p -= lr · (g' + momentum · b). Sutskever et al. 2013, ICML. Throws RANGE for an option out of its range.
class SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});

 private:
  void check_options(const std::map<std::string, double>& options) const override;
  std::vector<std::string> buffer_names(const std::map<std::string, double>& options) const override;
  void update(const std::vector<Turn>& turns) const override;
};

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;  ///< L2
  bool amsgrad = false;
};
/// g' = g + weight_decay · p; m = β1 m + (1 - β1) g'; v = β2 v + (1 - β2) g'²;
/// p -= lr · m / (1 - β1^t) / (√(v / (1 - β2^t)) + eps); with amsgrad v's running maximum stands in the denominator.
/// Kingma & Ba 2015, arXiv:1412.6980; Reddi et al. 2018, arXiv:1904.09237. Throws RANGE for an option out of its range.
class Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});

 protected:
  Adam(const char* name, bool decoupled, const std::vector<Tensor>& parameters, const AdamOptions& options);

 private:
  void check_options(const std::map<std::string, double>& options) const override;
  std::vector<std::string> buffer_names(const std::map<std::string, double>& options) const override;
  void update(const std::vector<Turn>& turns) const override;

  const bool decoupled_;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;  ///< decoupled
  bool amsgrad = false;
};
/// Adam whose decay does not pass through the moments: p = (1 - lr · weight_decay) p first. Loshchilov & Hutter 2019,
/// arXiv:1711.05101.
class AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
};

/// Scales the gradients of all parameters together by max_norm / (norm + 1e-6) where their norm is greater than
/// max_norm, and returns the norm (Σ|g|^p)^(1/p), p = norm_type > 0, the largest |g| for infinity. Summed in double, so
/// that no gradient is too large. What somebody else holds of a gradient stays as it is. A norm that is not finite
/// makes gradients NaN or 0, as in PyTorch, or throws RANGE and changes nothing where error_if_nonfinite. Throws RANGE
/// for max_norm < 0, norm_type <= 0, NaN, or a parameter that comes twice. Pascanu et al. 2013, arXiv:1211.5063.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                      bool error_if_nonfinite = false);

/// The learning rate of step 0, 1, …: `optimizer.set_lr(schedule(step))` before each step. A function of the step
/// alone, so that training from a checkpoint needs nothing but the step's number.
using Schedule = std::function<double(Index step)>;

/// Throws RANGE unless lr is 0 or more and finite.
Schedule constant(double lr);

struct WarmupCosineOptions {
  double lr;
  Index total_steps;
  Index warmup_steps = 0;
  double min_lr = 0;
};
/// lr · (step + 1) / (warmup_steps + 1) for the first warmup_steps, then half a cosine from lr down to min_lr at
/// total_steps, and min_lr from there on: PyTorch's LinearLR(1 / (warmup_steps + 1)) and CosineAnnealingLR one after
/// the other. Loshchilov & Hutter 2017, arXiv:1608.03983. Throws RANGE unless 0 <= min_lr <= lr and 0 <= warmup_steps <
/// total_steps.
Schedule warmup_cosine(const WarmupCosineOptions& options);

/// Says when a loss has not fallen for long enough.
class EarlyStopping {
 public:
  /// Throws RANGE unless patience is at least 1 and min_delta 0 or more and finite.
  explicit EarlyStopping(Index patience, double min_delta = 0);

  /// Notes the loss of a step; whether to stop: `patience` losses in a row were not below the best by more than
  /// min_delta. NaN never is.
  bool stop(Index step, double loss);
  double best_loss() const { return best_loss_; }  ///< infinity before the first
  Index best_step() const { return best_step_; }   ///< -1 before the first

 private:
  Index patience_, worse_ = 0, best_step_ = -1;
  double min_delta_, best_loss_;
};

}  // namespace attn::optim
