#include "../kernels/optimizer.hpp"
#include "../simd.hpp"
#include "attn/optim.hpp"
#include "common.hpp"

namespace attn::optim {

Adam::Adam(const char* name, bool decoupled, const std::vector<Tensor>& parameters, const AdamOptions& o)
    : Optimizer(name, parameters,
                {{"lr", o.lr},
                 {"beta1", o.betas[0]},
                 {"beta2", o.betas[1]},
                 {"eps", o.eps},
                 {"weight_decay", o.weight_decay},
                 {"amsgrad", o.amsgrad}}),
      decoupled_(decoupled) {
  check_options(options());
}

Adam::Adam(const std::vector<Tensor>& parameters, const AdamOptions& options)
    : Adam("Adam", false, parameters, options) {}

AdamW::AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& o)
    : Adam("AdamW", true, parameters, {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad}) {}

void Adam::check_options(const std::map<std::string, double>& o) const {
  const char* const op = decoupled_ ? "AdamW" : "Adam";
  for (const char* name : {"lr", "eps", "weight_decay"})
    require(o.at(name) >= 0 && std::isfinite(o.at(name)), op, std::string(name) + " must be 0 or more and finite",
            o.at(name));
  for (const char* name : {"beta1", "beta2"})
    require(o.at(name) >= 0 && o.at(name) < 1, op, std::string(name) + " must be at least 0 and below 1", o.at(name));
}

std::vector<std::string> Adam::buffer_names(const std::map<std::string, double>& o) const {
  if (o.at("amsgrad") == 0) return {"exp_avg", "exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
}

void Adam::update(const std::vector<Turn>& turns) const {
  const double lr = options().at("lr"), beta1 = options().at("beta1"), beta2 = options().at("beta2"),
               decay = options().at("weight_decay");
  std::vector<Index> sizes;
  std::vector<kernels::AdamStep> steps;
  for (const Turn& turn : turns) {
    sizes.push_back(turn.numel());
    const double t = static_cast<double>(turn.slot.step) + 1;
    // In double up to here: 1 - 0.999f would be off by 1e-5.
    const auto f = [](double x) { return static_cast<float>(x); };
    steps.push_back({.beta1 = f(beta1),
                     .rest1 = f(1 - beta1),
                     .beta2 = f(beta2),
                     .rest2 = f(1 - beta2),
                     .eps = f(options().at("eps")),
                     .l2 = decoupled_ ? 0 : f(decay),
                     .shrink = decoupled_ ? f(1 - lr * decay) : 1,
                     .rate = f(lr / (1 - std::pow(beta1, t))),
                     .root = f(1 / std::sqrt(1 - std::pow(beta2, t)))});
  }
  for_each_run(sizes, [&](std::size_t i, Index from, Index n) {
    const Turn& turn = turns[i];
    float* const most = turn.buffer(2);
    simd::dispatch([&]<class Arch>(Arch) {
      kernels::adam<Arch>(n, steps[i], turn.gradient.data() + from, turn.slot.parameter.data() + from,
                          turn.buffer(0) + from, turn.buffer(1) + from, most ? most + from : nullptr);
    });
  });
}

}  // namespace attn::optim
