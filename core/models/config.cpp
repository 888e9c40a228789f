#include "models/config.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "attn/error.hpp"

namespace attn::models {

namespace {

// What a list or an object holds is not printed: it may be nested deeper than a stack.
[[noreturn]] void refuse_type(const char* model, const char* key, const char* expected,
                              const nlohmann::ordered_json& got) {
  throw Error(ErrorCode::type, model,
              std::string(key) + " must be " + expected + ", got " +
                  (got.is_structured() ? got.type_name() : verbatim(got.dump())));
}

}  // namespace

// Keys stay in the order of the fields.
struct Fields::Json {
  bool reading = false, checking = true;
  nlohmann::ordered_json in = nlohmann::ordered_json::object(), out = in;

  /// The value that was given for a key, or none.
  const nlohmann::ordered_json* find(const char* key) const {
    const auto at = in.find(key);
    return at == in.end() ? nullptr : &*at;
  }
};

Fields::Fields(const char* model) : model_(model), json_(std::make_unique<Json>()) {}

Fields::Fields() : Fields("") { json_->checking = false; }

Fields::Fields(const char* model, std::string_view json) : Fields(model) {
  json_->reading = true;
  json_->in = nlohmann::ordered_json::parse(json, nullptr, false);
  if (!json_->in.is_object())
    throw Error(ErrorCode::format, model_,
                std::string("the config must be a JSON object, got ") +
                    (json_->in.is_discarded() ? "no JSON" : json_->in.type_name()));
}

Fields::~Fields() = default;

void Fields::refuse(const char* key, const std::string& expected, const std::string& got) const {
  throw Error(ErrorCode::range, model_, std::string(key) + " must be " + expected + ", got " + got);
}

void Fields::size(const char* key, Index& value) {
  if (json_->reading && !json_->find(key)) refuse(key, "given", "none");
  integer(key, value, 1);
}

void Fields::integer(const char* key, Index& value, Index least) {
  if (const auto* given = json_->find(key)) {
    if (!given->is_number_integer()) refuse_type(model_, key, "an integer", *given);
    constexpr Index most = std::numeric_limits<Index>::max();
    const bool too_large = given->is_number_unsigned() ? given->get<std::uint64_t>() > static_cast<std::uint64_t>(most)
                                                       : given->get<std::int64_t>() < -most;
    if (too_large) refuse(key, "an integer that fits in memory", given->dump());
    value = given->get<Index>();
  }
  if (json_->checking && value < least) refuse(key, "at least " + std::to_string(least), std::to_string(value));
  json_->out[key] = value;
}

void Fields::flag(const char* key, bool& value) {
  if (const auto* given = json_->find(key)) {
    if (!given->is_boolean()) refuse_type(model_, key, "true or false", *given);
    value = given->get<bool>();
  }
  json_->out[key] = value;
}

void Fields::number(const char* key, double& value) {
  if (const auto* given = json_->find(key)) {
    if (!given->is_number()) refuse_type(model_, key, "a number", *given);
    value = given->get<double>();
  }
  json_->out[key] = value;
}

void Fields::probability(const char* key, double& value) {
  number(key, value);
  if (!(value >= 0 && value <= 1)) refuse(key, "from 0 to 1", std::to_string(value));
}

void Fields::deviation(const char* key, double& value) {
  number(key, value);
  if (!(value >= 0 && std::isfinite(value))) refuse(key, "at least 0 and finite", std::to_string(value));
}

std::size_t Fields::chosen(const char* key, std::size_t at, const std::vector<const char*>& names) {
  std::string list, got = "another";
  for (std::size_t i = 0; i < names.size(); ++i)
    list += (i == 0 ? "" : i + 1 < names.size() ? ", " : " or ") + std::string(names[i]);
  if (const auto* given = json_->find(key)) {
    if (!given->is_string()) refuse_type(model_, key, "a string", *given);
    got = given->get<std::string>();
    at = static_cast<std::size_t>(std::ranges::find(names, got) - names.begin());
  }
  if (at == names.size()) refuse(key, list, verbatim(got));
  json_->out[key] = names[at];
  return at;
}

void Fields::finish() const {
  std::string known;
  for (const auto& [key, value] : json_->out.items()) known += (known.empty() ? "" : ", ") + key;
  for (const auto& [key, value] : json_->in.items())
    if (!json_->out.contains(key))
      throw Error(ErrorCode::range, model_, "the config's keys must be among " + known + ", got " + verbatim(key));
}

std::string Fields::json() const { return json_->out.dump(); }

std::vector<std::string> Fields::keys() const {
  std::vector<std::string> all;
  for (const auto& [key, value] : json_->out.items()) all.push_back(key);
  return all;
}

void require_divides(const char* model, const char* field, Index part, const char* of, Index whole) {
  if (whole % part != 0)
    throw Error(
        ErrorCode::range, model,
        std::string(field) + " must divide " + of + " " + std::to_string(whole) + ", got " + std::to_string(part));
}

}  // namespace attn::models
