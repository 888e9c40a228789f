#include "models/models.hpp"

#include <functional>
#include <string>

#include "attn/error.hpp"

namespace attn::models {

namespace {

struct Kind {
  std::string_view name;
  std::shared_ptr<nn::Module> (*make)(std::string_view config_json);
};

const std::vector<Kind> kinds;

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
