// nn::DynamicAttention: what adapts is seen, and can be set.
#include <algorithm>
#include <map>

#include "layer_helpers.hpp"

using namespace test;
using attn::Probe;
namespace nn = attn::nn;

TEST_CASE("dynamic attention shows its temperatures and gates, and goes on with what the probe returns") {
  Random random(10);
  const nn::MultiheadAttentionOptions options{.embed_dim = 4, .num_heads = 2, .batch_first = true};
  nn::DynamicAttention dynamic(options);
  nn::MultiheadAttention still(options);
  still.load_state_dict(dynamic.state_dict(), false);
  const Tensor x = random.tensor({2, 3, 4});
  std::map<std::string, Tensor> seen;
  const auto output = [&](float temperature, float gate) {
    const Probe probe([&](const std::string& name, const Tensor& a) {
      seen[name] = a;
      if (name == "temperatures") return attn::full(a.shape(), temperature);
      return name == "gates" ? attn::full(a.shape(), gate) : a;
    });
    return dynamic.forward(x, x, x, {.need_weights = false, .probe = probe}).output;
  };
  const double bound = 2 * attention_bound(still, x, x);
  check_close(output(1, 1), exact(still.forward(x, x, x).output), bound);
  CHECK(seen["temperatures"].shape() == Shape{2, 3, 2});
  CHECK(seen["gates"].shape() == Shape{2, 3, 4});
  check_all(
      seen["temperatures"], [](float t) { return t > 0.3f && t < 3; }, "a temperature near 1");
  check_all(
      seen["gates"], [](float g) { return g > 0 && g < 1; }, "a gate");
  check_close(output(1, 0.5f), exact(attn::binary(attn::ops::Binary::mul, output(1, 1), attn::full({}, 0.5f))), bound);
  check_values(output(1, 0), {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Tensor cold = output(0.01f, 1);  // nearly all on one key
  double most = 0;
  for (const float w : seen["weights"].values()) most = std::max(most, static_cast<double>(w));
  CHECK(most > 0.9);
}
