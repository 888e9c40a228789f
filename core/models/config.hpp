#pragma once
// What the models' configs have in common: one list of fields for each, which reads them from JSON, writes them, and
// checks them.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attn/functions.hpp"
#include "attn/shape.hpp"

namespace attn::models {

enum class Norm { layer, rms };
constexpr const char* name_of(Norm x) {
  constexpr const char* names[] = {"layer", "rms"};
  return names[static_cast<int>(x)];
}

/// How a model knows the order of its tokens: a learned row for each position (Gehring et al. 2017, arXiv:1705.03122),
/// sines (Vaswani et al. 2017, arXiv:1706.03762), turned queries and keys (Su et al. 2021, arXiv:2104.09864), scores
/// that fall with the distance (Press et al. 2022, arXiv:2108.12409), or by a causal mask alone.
enum class Positions { learned, sinusoidal, rotary, alibi, none };
constexpr const char* name_of(Positions x) {
  constexpr const char* names[] = {"learned", "sinusoidal", "rotary", "alibi", "none"};
  return names[static_cast<int>(x)];
}

/// A config's fields, visited one after the other by its `void fields(Fields&)`. Each is read where JSON is read and
/// has its key, then checked, then written. Throws RANGE, or TYPE for another type than the field's, naming the key.
class Fields {
 public:
  /// Neither reads nor checks: for keys().
  Fields();
  /// `model` names the errors' operator. Without JSON the config's own values are checked and written.
  explicit Fields(const char* model);
  /// Throws FORMAT unless json is an object.
  Fields(const char* model, std::string_view json);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  void size(const char* key, Index& value);  ///< at least 1; JSON must have it
  /// `least` or more; JSON may leave out this and all that follow, which then stay as they are.
  void integer(const char* key, Index& value, Index least = 0);
  void flag(const char* key, bool& value);
  void probability(const char* key, double& value);  ///< from 0 to 1
  void deviation(const char* key, double& value);    ///< at least 0, and finite
  /// One of `all`, whose names name_of() tells.
  template <class E>
  void choice(const char* key, E& value, std::initializer_list<E> all) {
    std::vector<const char*> names;
    std::size_t at = all.size();
    for (const E& each : all) {
      if (each == value) at = names.size();
      names.push_back(name_of(each));
    }
    value = all.begin()[chosen(key, at, names)];
  }

  /// Throws RANGE for a key that no field has.
  void finish() const;
  std::string json() const;
  std::vector<std::string> keys() const;  ///< of the fields so far

 private:
  void number(const char* key, double& value);
  std::size_t chosen(const char* key, std::size_t at, const std::vector<const char*>& names);
  [[noreturn]] void refuse(const char* key, const std::string& expected, const std::string& got) const;

  const char* model_;
  struct Json;
  std::unique_ptr<Json> json_;
};

/// Throws RANGE unless `part` divides `whole`.
void require_divides(const char* model, const char* field, Index part, const char* of, Index whole);

/// The config, once all its fields are checked.
template <class Config>
Config checked(const char* model, Config config) {
  Fields fields(model);
  config.fields(fields);
  return config;
}
template <class Config>
std::string write_config(const char* model, Config config) {
  Fields fields(model);
  config.fields(fields);
  return fields.json();
}
template <class Config>
Config read_config(const char* model, std::string_view json) {
  Config config{};
  Fields fields(model, json);
  config.fields(fields);
  fields.finish();
  return config;
}

}  // namespace attn::models
