#pragma once
// JSON from files that nobody vouches for.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "attn/error.hpp"

namespace attn::detail {

[[noreturn]] inline void malformed(const char* op, const std::string& what) {
  throw Error(ErrorCode::format, op, what);
}

/// A piece of the file for a message: its beginning, if it is long; of whole characters, if it is UTF-8.
inline std::string beginning(const std::string& text) {
  std::size_t most = 100;
  if (text.size() <= most) return text;
  while (most > 0 && (text[most] & 0xc0) == 0x80) --most;
  return text.substr(0, most) + "…";
}

inline std::string excerpt(const std::string& text) { return verbatim(beginning(text)); }
/// A name that the file has.
inline std::string in_quotes(const std::string& name) { return verbatim('"' + beginning(name) + '"'); }

/// An object. Throws FORMAT where the text is none, an object in it has a key twice, of which the library would keep
/// the last, or it is nested deeper than any use of it here, which would tax the stack of whoever walks it.
inline nlohmann::json parse_object(const char* op, const std::string& what, std::string_view text) {
  using nlohmann::json;
  using Event = json::parse_event_t;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, Event event, json& parsed) {
    const auto at = static_cast<std::size_t>(depth);
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= 3) malformed(op, what + " is nested more than 3 deep");
      keys.resize(at);
      keys.emplace_back();
    }
    if (event == Event::key && !keys[at - 1].insert(parsed.get<std::string>()).second)
      malformed(op, what + " has the key " + in_quotes(parsed.get<std::string>()) + " twice");
    return true;
  };
  json object;
  try {
    object = json::parse(text, watch);
  } catch (const json::exception& error) {
    malformed(op, what + " is not JSON: " + excerpt(error.what()));
  }
  if (!object.is_object()) malformed(op, what + " must be a JSON object, got " + excerpt(object.dump()));
  return object;
}

/// The same characters in another type's words. Throws FORMAT where they are not UTF-8.
inline std::string dump(const char* op, const nlohmann::json& object) {
  try {
    return object.dump();
  } catch (const nlohmann::json::exception&) {
    malformed(op, "every name and every piece of metadata must be UTF-8");
  }
}

}  // namespace attn::detail
