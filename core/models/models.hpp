#pragma once
// Models by name, for those who know them by name alone: checkpoints and JavaScript.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attn/nn/module.hpp"

namespace attn::models {

/// A new model with its first values. kind is "gpt", "classifier", …; config_json as the model's own to_json writes it,
/// where what has a default may be left out. Throws RANGE for a kind that is not there, and what the model's config
/// throws.
std::shared_ptr<nn::Module> make(std::string_view kind, std::string_view config_json);
/// What a config of that kind may have, in the order of its fields.
std::vector<std::string> config_keys(std::string_view kind);
/// The config of a model of that kind, as JSON with every default filled in.
std::string config_of(std::string_view kind, const nn::Module& model);

}  // namespace attn::models
