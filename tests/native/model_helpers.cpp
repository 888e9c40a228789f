#include "model_helpers.hpp"

#include <algorithm>
#include <cmath>

namespace test {

Tensor random_tokens(Random& random, Index batch, Index steps, Index vocab_size) {
  Tensor out = Tensor::empty({batch, steps}, attn::DType::int32);
  for (std::int32_t& token : out.values<std::int32_t>())
    token = static_cast<std::int32_t>(random.integer(0, vocab_size - 1));
  return out;
}

void randomize(const attn::nn::Module& model, Random& random, float limit) {
  for (const auto& [name, x] : model.named_parameters()) {
    const bool norm = x.rank() == 1 && name.ends_with("weight");
    for (float& v : x.values()) v = random.uniform(-limit, limit) + (norm ? 1.0f : 0.0f);
  }
}

attn::Probe Seen::probe() {
  return attn::Probe([this](const std::string& name, const Tensor& x) {
    activations.emplace_back(name, x);
    return Tensor();
  });
}

std::vector<std::string> Seen::names() const {
  std::vector<std::string> all;
  for (const auto& [name, x] : activations) all.push_back(name);
  return all;
}

const Tensor& Seen::at(std::string_view name) const {
  const auto found =
      std::ranges::find(activations, name, [](const auto& each) { return std::string_view(each.first); });
  REQUIRE_MESSAGE(found != activations.end(), "the probe did not see " << std::string(name));
  return found->second;
}

attn::Probe replacing(std::string_view name, const Function<Tensor(const Tensor&)>& by) {
  return attn::Probe(
      [name = std::string(name), by](const std::string& at, const Tensor& x) { return at == name ? by(x) : Tensor(); });
}

void check_same_logits(const Tensor& got, const Tensor& want, double roundings) {
  check_close(got, exact(want), roundings * tolerance::rounding * largest(want));
}

void check_deviation(const Tensor& x, double deviation) {
  double squares = 0;
  for (const double v : exact(x).data) squares += v * v;
  const auto n = static_cast<double>(x.numel());
  CHECK(std::abs(squares / n / (deviation * deviation) - 1) < 5 * std::sqrt(2 / n));
}

void check_half(const Tensor& a, const Tensor& b) {
  const Array x = exact(a), y = exact(b);
  REQUIRE(x.shape == y.shape);
  Index equal = 0;
  for (Index i = 0; i < x.size(); ++i) equal += x[i] == y[i];
  const auto n = static_cast<double>(x.size());
  CHECK(std::abs(static_cast<double>(equal) - n / 2) <= 5 * std::sqrt(n / 4));
}

double roundings(const attn::models::GPTConfig& c) {
  const Index width = c.dim_feedforward == 0 ? 4 * c.d_model : c.dim_feedforward;
  return static_cast<double>(c.num_layers * (6 * c.d_model + c.max_length + width + 40) + 2 * c.d_model + 10);
}

bool differ(const Tensor& a, const Tensor& b) {
  const Array x = exact(a), y = exact(b);
  REQUIRE(x.shape == y.shape);
  double most = 0;
  for (Index i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most > 1e-3 * largest(a);
}

}  // namespace test
