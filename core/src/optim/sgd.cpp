#include "../kernels/optimizer.hpp"
#include "../simd.hpp"
#include "attn/optim.hpp"
#include "common.hpp"

namespace attn::optim {

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& o)
    : Optimizer("SGD", parameters,
                {{"lr", o.lr},
                 {"momentum", o.momentum},
                 {"dampening", o.dampening},
                 {"weight_decay", o.weight_decay},
                 {"nesterov", o.nesterov}}) {
  check_options(options());
}

void SGD::check_options(const std::map<std::string, double>& o) const {
  for (const char* name : {"lr", "momentum", "weight_decay"})
    require(o.at(name) >= 0 && std::isfinite(o.at(name)), "SGD", std::string(name) + " must be 0 or more and finite",
            o.at(name));
  require(std::isfinite(o.at("dampening")), "SGD", "dampening must be finite", o.at("dampening"));
  if (o.at("nesterov") == 0) return;
  require(o.at("momentum") > 0, "SGD", "with nesterov momentum must be more than 0", o.at("momentum"));
  require(o.at("dampening") == 0, "SGD", "with nesterov dampening must be 0", o.at("dampening"));
}

std::vector<std::string> SGD::buffer_names(const std::map<std::string, double>& o) const {
  if (o.at("momentum") == 0) return {};
  return {"momentum_buffer"};
}

void SGD::update(const std::vector<Turn>& turns) const {
  std::vector<Index> sizes;
  for (const Turn& turn : turns) sizes.push_back(turn.numel());
  kernels::SgdStep step{static_cast<float>(options().at("lr")), static_cast<float>(options().at("momentum")), 1,
                        static_cast<float>(options().at("weight_decay")), options().at("nesterov") != 0};
  const auto keep = static_cast<float>(1 - options().at("dampening"));
  for_each_run(sizes, [&](std::size_t i, Index from, Index n) {
    const Turn& turn = turns[i];
    kernels::SgdStep own = step;
    if (turn.slot.step > 0) own.keep = keep;  // the first gradient is taken whole
    float* const buffer = turn.buffer(0);
    simd::dispatch([&]<class Arch>(Arch) {
      kernels::sgd<Arch>(n, own, turn.gradient.data() + from, turn.slot.parameter.data() + from,
                         buffer ? buffer + from : nullptr);
    });
  });
}

}  // namespace attn::optim
