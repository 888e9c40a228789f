#include "attn/error.hpp"

#include <utility>

namespace attn {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::shape: return "SHAPE";
    case ErrorCode::type: return "TYPE";
    case ErrorCode::range: return "RANGE";
    case ErrorCode::oom: return "OOM";
    case ErrorCode::aborted: return "ABORTED";
    case ErrorCode::unsupported: return "UNSUPPORTED";
    case ErrorCode::format: return "FORMAT";
    case ErrorCode::internal: break;
  }
  return "INTERNAL";
}

std::string quoted(std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\')
      out.append({'\\', c});
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (code < 0x20 || code == 0x7f)
      out.append({'\\', 'x', digits[code >> 4], digits[code & 15]});
    else
      out += c;
  }
  return out += '\'';
}

Error::Error(ErrorCode code, std::string_view op, std::string_view message, std::vector<Shape> shapes)
    : std::runtime_error(std::string(op) + ": " + std::string(message)),
      code_(code),
      op_(op),
      shapes_(std::move(shapes)) {}

}  // namespace attn
