// Models against the same ones in plain PyTorch; tests/golden/make_models.py computed the cases.
#include <set>

#include "golden.hpp"
#include "models/classifier.hpp"
#include "models/gpt.hpp"
#include "models/models.hpp"
#include "models/vit.hpp"

using namespace test;
using golden::Case;
using namespace attn::models;

namespace {

/// What a model of each kind makes of a case's inputs.
std::map<std::string, Tensor> outputs(const attn::nn::Module& model, const Case& c) {
  if (const auto* gpt = dynamic_cast<const GPT*>(&model))
    return {{"logits", gpt->forward(c.input("tokens"))}, {"loss", gpt->loss(c.input("tokens"), c.input("targets"))}};
  if (const auto* classifier = dynamic_cast<const Classifier*>(&model))
    return {{"logits", classifier->forward(c.input("tokens"), c.input("key_padding_mask"))}};
  return {{"logits", dynamic_cast<const ViT&>(model).forward(c.input("images"))}};
}

}  // namespace

TEST_CASE("models give PyTorch's logits and gradients") {
  std::set<std::string> kinds;
  for (const Case& c : golden::read(ATTN_GOLDEN_DIR "/models.json")) {
    CAPTURE(c.name);
    const auto model = make(c.layer, c.options.dump());
    model->load_state_dict(c.state);
    c.check(outputs(*model, c), model->named_parameters());
    kinds.insert(c.layer);
  }
  CHECK(kinds == std::set<std::string>{"gpt", "classifier", "vit"});
}
