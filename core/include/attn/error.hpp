#pragma once
// The one exception type that the library throws, beside std::bad_alloc where memory for an intermediate runs out.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "attn/shape.hpp"

namespace attn {

enum class ErrorCode { shape, type, range, oom, aborted, unsupported, format, internal };

/// "SHAPE", "TYPE", …
const char* to_string(ErrorCode code);

/// text that somebody else chose (a key, a tensor's name, a probe's), as every message holds it: in single quotes, with
/// a backslash before ' and \, and control characters as \n, \t or \x1b.
std::string quoted(std::string_view text);

/// what() reads "op: what was expected, and what came". Thrown before any output is touched, unless an operator says
/// else.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string_view op, std::string_view message, std::vector<Shape> shapes = {});

  ErrorCode code() const { return code_; }
  /// The operator's C++ name, e.g. "scaled_dot_product_attention".
  const std::string& op() const { return op_; }
  /// what() without the operator.
  std::string message() const { return std::string(what()).substr(op_.size() + 2); }
  /// The shapes that did not fit, expected one first; empty for errors that are not about shapes.
  const std::vector<Shape>& shapes() const { return shapes_; }

 private:
  ErrorCode code_;
  std::string op_;
  std::vector<Shape> shapes_;
};

}  // namespace attn
