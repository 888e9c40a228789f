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

namespace {

constexpr char kBegin = '\x02', kEnd = '\x03';

std::string unmarked(std::string_view message) {
  std::string text(message);
  std::erase_if(text, [](char c) { return c == kBegin || c == kEnd; });
  return text;
}

}  // namespace

std::string verbatim(std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out(1, kBegin);
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f)
      out += c;
    else
      (out += "\\x").append({digits[byte >> 4], digits[byte & 15]});
  }
  return out + kEnd;
}

Error::Error(ErrorCode code, std::string_view op, std::string_view message, std::vector<Shape> shapes)
    : std::runtime_error(std::string(op) + ": " + unmarked(message)),
      code_(code),
      op_(op),
      marked_(message),
      shapes_(std::move(shapes)) {}

}  // namespace attn
