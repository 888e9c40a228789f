// The table of models.

#include "models/models.hpp"

#include <emscripten/bind.h>

#include <span>

#include "attn/attn.hpp"
#include "convert.hpp"
#include "models/classifier.hpp"
#include "models/generate.hpp"
#include "models/gpt.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"
#include "models/vit.hpp"

namespace attn::js {
namespace {

using emscripten::val;

ModulePtr new_model(const std::string& kind, const std::string& config) { return models::make(kind, config); }
val config_keys(const std::string& kind) { return val::array(models::config_keys(kind)); }
std::string model_config(const std::string& kind, const nn::Module& model) { return models::config_of(kind, model); }

template <class Model>
const Model& as(const nn::Module& module) {
  return dynamic_cast<const Model&>(module);
}

TensorPtr gpt_forward(const nn::Module& gpt, const Tensor& tokens, const val& probe) {
  return share(as<models::GPT>(gpt).forward(tokens, to_probe(probe)));
}
TensorPtr gpt_loss(const nn::Module& gpt, const Tensor& tokens, const Tensor& targets) {
  return share(as<models::GPT>(gpt).loss(tokens, targets));
}

struct GenerateRecord {
  int maxNewTokens;
  double temperature;
  int topK;
  double topP, repetitionPenalty, seed;
  double stopToken;  ///< NaN: none
  bool useCache;
};
val generate(const nn::Module& gpt, const Tensor& prompt, GenerateRecord o, const val& on_token) {
  models::GenerationOptions options{.max_new_tokens = o.maxNewTokens,
                                    .sampling = {.repetition_penalty = o.repetitionPenalty,
                                                 .temperature = o.temperature,
                                                 .top_k = o.topK,
                                                 .top_p = o.topP},
                                    .seed = static_cast<std::uint64_t>(o.seed),
                                    .use_cache = o.useCache};
  if (const std::optional<Index> stop = optional_whole(o.stopToken))
    options.stop_token = static_cast<std::int32_t>(*stop);
  const Tensor tokens = contiguous(prompt);
  // False ends the text; whatever else the function says, it goes on.
  const auto see = [&](std::int32_t token) { return on_token.isNull() || !on_token(token).isFalse(); };
  return val::array(models::generate(as<models::GPT>(gpt), tokens.values<std::int32_t>(), options, see));
}

TensorPtr classifier_forward(const nn::Module& classifier, const Tensor& tokens, TensorPtr key_padding_mask,
                             const val& probe) {
  return share(as<models::Classifier>(classifier).forward(tokens, tensor_or_none(key_padding_mask), to_probe(probe)));
}
TensorPtr vit_forward(const nn::Module& vit, const Tensor& images, const val& probe) {
  return share(as<models::ViT>(vit).forward(images, to_probe(probe)));
}

TensorPair seq2seq_forward(const nn::Module& seq2seq, const Tensor& source, TensorPtr lengths, const Tensor& target_in,
                           double teacher_forcing, const val& probe) {
  auto [logits, alignment] = as<models::Seq2Seq>(seq2seq).forward(source, tensor_or_none(lengths), target_in,
                                                                  teacher_forcing, to_probe(probe));
  return {share(logits), share(alignment)};
}
TensorPtr seq2seq_loss(const nn::Module& seq2seq, const Tensor& source, TensorPtr lengths, const Tensor& target_in,
                       const Tensor& target_out, double teacher_forcing) {
  return share(
      as<models::Seq2Seq>(seq2seq).loss(source, tensor_or_none(lengths), target_in, target_out, teacher_forcing));
}
TensorPtr transformer_forward(const nn::Module& transformer, const Tensor& source, TensorPtr lengths,
                              const Tensor& target_in, const val& probe) {
  return share(
      as<models::Transformer>(transformer).forward(source, tensor_or_none(lengths), target_in, to_probe(probe)));
}
TensorPtr transformer_loss(const nn::Module& transformer, const Tensor& source, TensorPtr lengths,
                           const Tensor& target_in, const Tensor& target_out) {
  return share(as<models::Transformer>(transformer).loss(source, tensor_or_none(lengths), target_in, target_out));
}

/// One { tokens, score, alignment } for each source.
val decode_sources(const nn::Module& model, const Tensor& source, TensorPtr lengths, int max_length, int beams,
                   double length_penalty) {
  const models::DecodeOptions options{.max_length = max_length, .beams = beams, .length_penalty = length_penalty};
  const auto* seq2seq = dynamic_cast<const models::Seq2Seq*>(&model);
  const std::vector<models::Decoded> found =
      seq2seq ? seq2seq->decode(source, tensor_or_none(lengths), options)
              : as<models::Transformer>(model).decode(source, tensor_or_none(lengths), options);
  val list = val::array();
  for (const models::Decoded& each : found) {
    val one = val::object();
    one.set("tokens", val::array(each.tokens));
    one.set("score", each.score);
    one.set("alignment", share(each.alignment));
    list.call<void>("push", one);
  }
  return list;
}

EMSCRIPTEN_BINDINGS(models) {
  using emscripten::function;

  function("newModel", guarded<&new_model>);
  function("configKeys", guarded<&config_keys>);
  function("modelConfig", guarded<&model_config>);

  emscripten::value_object<GenerateRecord>("GenerateOptions")
      .field("maxNewTokens", &GenerateRecord::maxNewTokens)
      .field("temperature", &GenerateRecord::temperature)
      .field("topK", &GenerateRecord::topK)
      .field("topP", &GenerateRecord::topP)
      .field("repetitionPenalty", &GenerateRecord::repetitionPenalty)
      .field("seed", &GenerateRecord::seed)
      .field("stopToken", &GenerateRecord::stopToken)
      .field("useCache", &GenerateRecord::useCache);
  function("gptForward", guarded<&gpt_forward>);
  function("gptLoss", guarded<&gpt_loss>);
  function("generate", guarded<&generate>);

  function("classifierForward", guarded<&classifier_forward>);
  function("vitForward", guarded<&vit_forward>);

  function("seq2seqForward", guarded<&seq2seq_forward>);
  function("seq2seqLoss", guarded<&seq2seq_loss>);
  function("transformerForward", guarded<&transformer_forward>);
  function("transformerLoss", guarded<&transformer_loss>);
  function("decodeSources", guarded<&decode_sources>);
}

}  // namespace
}  // namespace attn::js
