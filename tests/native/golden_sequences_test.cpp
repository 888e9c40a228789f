// Models from sequence to sequence against the same ones in plain PyTorch; tests/golden/make_sequences.py computed the
// cases.
#include <set>

#include "golden.hpp"
#include "models/models.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"

using namespace test;
using golden::Case;
using namespace attn::models;

namespace {

std::map<std::string, Tensor> sequence_outputs(const attn::nn::Module& model, const Case& c) {
  const Tensor source = c.input("source"), lengths = c.input("lengths");
  const Tensor target_in = c.input("target_in"), target_out = c.input("target_out");
  if (const auto* seq2seq = dynamic_cast<const Seq2Seq*>(&model)) {
    const Seq2SeqOutput out = seq2seq->forward(source, lengths, target_in);
    return {{"logits", out.logits},
            {"alignment", out.alignment},
            {"loss", seq2seq->loss(source, lengths, target_in, target_out)}};
  }
  const auto& transformer = dynamic_cast<const Transformer&>(model);
  return {{"logits", transformer.forward(source, lengths, target_in)},
          {"loss", transformer.loss(source, lengths, target_in, target_out)}};
}

}  // namespace

TEST_CASE("models from sequence to sequence give PyTorch's logits and gradients") {
  std::set<std::string> kinds;
  for (const Case& c : golden::read("sequences.json")) {
    CAPTURE(c.name);
    const auto model = make(c.layer, c.options.dump());
    model->load_state_dict(c.state);
    c.check(sequence_outputs(*model, c), model->named_parameters());
    kinds.insert(c.layer);
  }
  CHECK(kinds == std::set<std::string>{"seq2seq", "transformer"});
}
