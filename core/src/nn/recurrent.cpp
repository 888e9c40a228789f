#include "attn/nn/recurrent.hpp"

#include "attn/error.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

constexpr const char* kLayer = "GRU";

/// Row i of x [N,B,H] as [B,H].
Tensor row(const Tensor& x, Index i) { return reshape(slice(x, 0, i, i + 1), {x.size(1), x.size(2)}); }

}  // namespace

GRU::GRU(const GRUOptions& options) : options_(options) {
  const Index hidden = at_least_1(kLayer, "hidden_size", options.hidden_size);
  at_least_1(kLayer, "input_size", options.input_size);
  at_least_1(kLayer, "num_layers", options.num_layers);
  probability(kLayer, options.dropout);
  const Index ways = options.bidirectional ? 2 : 1;
  for (Index layer = 0; layer < options.num_layers; ++layer)
    for (const bool reverse : {false, true}) {
      if (reverse && !options.bidirectional) continue;
      std::string suffix(
          "l");  // appended to, since "l" + string makes GCC 12 warn of what is not there (its bug 105651)
      suffix += std::to_string(layer);
      if (reverse) suffix += "_reverse";
      const auto parameter = [&](const std::string& name, const Shape& shape) -> Tensor& {
        return register_parameter(name + "_" + suffix,
                                  shape.size() == 2 || options.bias ? uniform_fan(shape, hidden) : Tensor());
      };
      Tensor& weight_ih = parameter("weight_ih", {3 * hidden, layer == 0 ? options.input_size : ways * hidden});
      Tensor& weight_hh = parameter("weight_hh", {3 * hidden, hidden});
      Tensor& bias_ih = parameter("bias_ih", {3 * hidden});
      Tensor& bias_hh = parameter("bias_hh", {3 * hidden});
      directions_.push_back({weight_ih, weight_hh, bias_ih, bias_hh, suffix, reverse});
    }
}

void GRU::check(const Tensor& x, const Tensor& h0) const {
  const auto wrong = [](const std::string& message, const Tensor& got) {
    throw Error(ErrorCode::shape, kLayer, message + ", got " + to_string(got.shape()), {got.shape()});
  };
  const bool batched = x.rank() == 3;
  if ((!batched && x.rank() != 2) || x.size(-1) != options_.input_size) {
    const std::string size = std::to_string(options_.input_size);
    wrong("x must be " + std::string(options_.batch_first ? "[B,T," : "[T,B,") + size + "] or [T," + size + "]", x);
  }
  const Index time = batched && options_.batch_first ? 1 : 0;
  if (x.size(time) < 1) wrong("x must have at least 1 step", x);
  if (!h0.defined()) return;
  Shape wanted{static_cast<Index>(directions_.size()), options_.hidden_size};
  if (batched) wanted.insert(wanted.begin() + 1, x.size(1 - time));
  if (h0.shape() != wanted) wrong("h0 must be " + to_string(wanted) + " to match x " + to_string(x.shape()), h0);
}

Tensor GRU::run(const Direction& way, const Tensor& x, const Tensor& h0) const {
  const Tensor gates = linear(x, way.weight_ih, way.bias_ih);  // of all steps at once
  std::vector<Tensor> states(static_cast<std::size_t>(x.size(0)));
  Tensor h = h0;
  for (Index step = 0; step < x.size(0); ++step) {
    const Index t = way.reverse ? x.size(0) - 1 - step : step;
    h = gru_cell(row(gates, t), linear(h, way.weight_hh, way.bias_hh), h);
    states[static_cast<std::size_t>(t)] = h;
  }
  return stack(states, 0);
}

GRU::Result GRU::forward(const Tensor& x, const Tensor& h0, const Probe& probe) const {
  check(x, h0);
  const bool batched = x.rank() == 3, turned = batched && options_.batch_first;
  const auto with_batch = [](const Tensor& y) { return reshape(y, {y.size(0), 1, y.size(1)}); };
  Tensor y = turned ? transpose(x, 0, 1) : batched ? x : with_batch(x);
  const Tensor start = h0.defined() && !batched ? with_batch(h0) : h0;
  const Index steps = y.size(0), ways = options_.bidirectional ? 2 : 1;

  std::vector<Tensor> last;
  for (Index layer = 0; layer < options_.num_layers; ++layer) {
    if (layer > 0 && training()) y = dropout(y, options_.dropout);
    std::vector<Tensor> outputs;
    for (Index at = layer * ways; at < (layer + 1) * ways; ++at) {
      const Direction& way = directions_[static_cast<std::size_t>(at)];
      const Tensor before = start.defined() ? row(start, at) : zeros({y.size(1), options_.hidden_size});
      outputs.push_back(probe("output_" + way.suffix, run(way, y, before)));
      last.push_back(row(outputs.back(), way.reverse ? 0 : steps - 1));
    }
    y = ways == 1 ? outputs[0] : cat(outputs, 2);
  }
  const auto without_batch = [](const Tensor& z) { return reshape(z, {z.size(0), z.size(2)}); };
  const Tensor hn = stack(last, 0);
  if (!batched) return {without_batch(y), without_batch(hn)};
  return {turned ? transpose(y, 0, 1) : y, hn};
}

}  // namespace attn::nn
