#include "models/models.hpp"

#include "attn/error.hpp"
#include "models/classifier.hpp"
#include "models/gpt.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"
#include "models/vit.hpp"

namespace attn::models {

namespace {

template <class Model, auto read>
std::shared_ptr<nn::Module> made(std::string_view json) {
  return std::make_shared<Model>(read(json));
}
template <class Model>
std::string written(const nn::Module& model) {
  return to_json(dynamic_cast<const Model&>(model).config());
}

template <class Config>
std::vector<std::string> keys() {
  Config config{};
  Fields fields;
  config.fields(fields);
  return fields.keys();
}

struct Kind {
  std::string_view name;
  std::shared_ptr<nn::Module> (*make)(std::string_view config_json);
  std::string (*config)(const nn::Module& model);
  std::vector<std::string> (*keys)();
};

constexpr Kind kinds[] = {
    {"gpt", made<GPT, gpt_config>, written<GPT>, keys<GPTConfig>},
    {"classifier", made<Classifier, classifier_config>, written<Classifier>, keys<ClassifierConfig>},
    {"vit", made<ViT, vit_config>, written<ViT>, keys<ViTConfig>},
    {"seq2seq", made<Seq2Seq, seq2seq_config>, written<Seq2Seq>, keys<Seq2SeqConfig>},
    {"transformer", made<Transformer, transformer_config>, written<Transformer>, keys<TransformerConfig>},
};

const Kind& find(std::string_view kind) {
  std::string names;
  for (const Kind& each : kinds) {
    if (each.name == kind) return each;
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  throw Error(ErrorCode::range, "make", "kind must be one of " + names + ", got " + verbatim(kind));
}

}  // namespace

std::shared_ptr<nn::Module> make(std::string_view kind, std::string_view config_json) {
  return find(kind).make(config_json);
}

std::vector<std::string> config_keys(std::string_view kind) { return find(kind).keys(); }

std::string config_of(std::string_view kind, const nn::Module& model) { return find(kind).config(model); }

}  // namespace attn::models
