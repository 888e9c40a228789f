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

Error::Error(ErrorCode code, std::string_view op, std::string_view message, std::vector<Shape> shapes)
    : std::runtime_error(std::string(op) + ": " + std::string(message)),
      code_(code),
      op_(op),
      shapes_(std::move(shapes)) {}

}  // namespace attn
