// Models against the same ones in plain PyTorch; tests/golden/make_models.py computed the cases.
#include <set>
#include <span>

#include "attn/checkpoint.hpp"
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
std::map<std::string, Tensor> model_outputs(const attn::nn::Module& model, const Case& c) {
  if (const auto* gpt = dynamic_cast<const GPT*>(&model))
    return {{"logits", gpt->forward(c.input("tokens"))}, {"loss", gpt->loss(c.input("tokens"), c.input("targets"))}};
  if (const auto* classifier = dynamic_cast<const Classifier*>(&model))
    return {{"logits", classifier->forward(c.input("tokens"), c.input("key_padding_mask"))}};
  return {{"logits", dynamic_cast<const ViT&>(model).forward(c.input("images"))}};
}

}  // namespace

TEST_CASE("models give PyTorch's logits and gradients") {
  std::set<std::string> kinds;
  for (const Case& c : golden::read("models.json")) {
    CAPTURE(c.name);
    const auto model = make(c.layer, c.options.dump());
    model->load_state_dict(c.state);
    c.check(model_outputs(*model, c), model->named_parameters());
    kinds.insert(c.layer);
  }
  CHECK(kinds == std::set<std::string>{"gpt", "classifier", "vit"});
}

TEST_CASE("a checkpoint of a GPT gives PyTorch's logits, as in Node and in browsers") {
  const std::string bytes = read_golden("gpt.safetensors");
  const attn::Checkpoint checkpoint = attn::load_safetensors(std::as_bytes(std::span(bytes)));
  GPT model(gpt_config(checkpoint.metadata.at("config")));
  attn::load_checkpoint(checkpoint, model);
  const Case c = golden::read("models.json").front();
  const Tensor logits = model.forward(c.input("tokens"));
  check_close(logits, c.outputs.at("logits"), 1e-5 * largest(logits));
}
