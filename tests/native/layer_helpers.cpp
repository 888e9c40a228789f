#include "layer_helpers.hpp"

#include <algorithm>
#include <cmath>

namespace test {

void check_parameters(const attn::nn::Module& module,
                      const std::vector<std::pair<std::string, std::string>>& names_and_shapes) {
  std::vector<std::pair<std::string, std::string>> got;
  for (const auto& [name, x] : module.named_parameters()) got.emplace_back(name, attn::to_string(x.shape()));
  REQUIRE(got.size() == names_and_shapes.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].first == names_and_shapes[i].first);
    CHECK(got[i].second == names_and_shapes[i].second);
  }
}

std::vector<std::string> names(const attn::nn::NamedTensors& tensors) {
  std::vector<std::string> all;
  for (const auto& [name, x] : tensors) all.push_back(name);
  return all;
}

attn::Probe copying() {
  return attn::Probe(
      [](const std::string&, const Tensor& x) { return Tensor::from(attn::contiguous(x).values(), x.shape()); });
}

Run run_attention(const attn::nn::MultiheadAttention& attention, const Tensor& query, const Tensor& memory,
                  const attn::nn::MultiheadAttentionCall& call) {
  Tensor q = query.detach(), k = memory.detach();
  q.set_requires_grad(true);
  k.set_requires_grad(true);
  Run run{attention.forward(q, k, k, call).output, {}};
  run.output.backward(Random(99).tensor(run.output.shape()));
  std::vector<Tensor> leaves = attention.parameters();
  leaves.insert(leaves.end(), {q, k});
  for (const Tensor& leaf : leaves) {
    run.gradients.push_back(leaf.grad());
    leaf.set_grad({});
  }
  return run;
}

double attention_bound(const attn::nn::MultiheadAttention& attention, const Tensor& query, const Tensor& memory) {
  const double u = tolerance::rounding;
  const auto size = [](Index n) { return static_cast<double>(n); };
  const double e = size(query.size(-1)), d = e / size(attention.options().num_heads);
  const double s = size(memory.numel() / memory.size(-1));  // at most, whatever the batch
  // The largest sum of absolute values that a feature is made of: of q, k and v, then of the output.
  double projected = 0, out = 0;
  for (const auto& [name, weight] : attention.named_parameters()) {
    if (weight.rank() != 2) continue;
    for (Index row = 0; row < weight.size(0); ++row) {
      double sum = 0;
      for (Index i = 0; i < weight.size(1); ++i)
        sum += std::abs(static_cast<double>(weight.data()[row * weight.size(1) + i]));
      double& most = name == "out_proj.weight" ? out : projected;
      most = std::max(most, sum * (name == "out_proj.weight" ? 1 : std::max(largest(query), largest(memory))));
    }
  }
  // Sums of E products and a bias; rotary adds two such numbers, each times a rounded cosine.
  const double feature = 2 * projected, feature_off = 2 * (e + 1) * u * projected + 6 * u * projected;
  // Sums of D products of two features, both off, and a mask; softmax doubles what a row's scores are off by.
  const double score_off =
      (2 * d * feature * feature_off + (d + 3) * d * feature * feature * u) / std::sqrt(d) + 2 * 32 * u;
  const double weight_off = 2 * score_off + (s + 4) * u + 2 * tolerance::function;
  const double found_off = feature * weight_off + feature_off + s * u * feature;
  return out * found_off + (e + 1) * u * out * feature;
}

}  // namespace test
