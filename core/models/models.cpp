#include "models/models.hpp"

#include <string>

#include "attn/error.hpp"
#include "models/classifier.hpp"
#include "models/gpt.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"
#include "models/vit.hpp"

namespace attn::models {

namespace {

struct Kind {
  std::string_view name;
  std::shared_ptr<nn::Module> (*make)(std::string_view config_json);
};

constexpr Kind kinds[] = {
    {"gpt",
     [](std::string_view json) -> std::shared_ptr<nn::Module> { return std::make_shared<GPT>(gpt_config(json)); }},
    {"classifier",
     [](std::string_view json) -> std::shared_ptr<nn::Module> {
       return std::make_shared<Classifier>(classifier_config(json));
     }},
    {"seq2seq",
     [](std::string_view json) -> std::shared_ptr<nn::Module> {
       return std::make_shared<Seq2Seq>(seq2seq_config(json));
     }},
    {"transformer",
     [](std::string_view json) -> std::shared_ptr<nn::Module> {
       return std::make_shared<Transformer>(transformer_config(json));
     }},
    {"vit",
     [](std::string_view json) -> std::shared_ptr<nn::Module> { return std::make_shared<ViT>(vit_config(json)); }},
};

}  // namespace

std::shared_ptr<nn::Module> make(std::string_view kind, std::string_view config_json) {
  std::string names;
  for (const Kind& each : kinds) {
    if (each.name == kind) return each.make(config_json);
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  throw Error(ErrorCode::range, "make", "kind must be one of " + names + ", got " + std::string(kind));
}

}  // namespace attn::models
