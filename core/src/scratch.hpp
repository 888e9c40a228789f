#pragma once
// Memory that an operator needs while it runs. A thread keeps some of what it used, since fresh pages cost more than the
// kernels that fill them; a piece goes to the smallest need that it fits, so that equal calls leave the heap as it was.

#include <cstdint>

#include "attn/shape.hpp"

namespace attn::detail {

class Scratch {
 public:
  /// Throws OOM, naming `op`. In 64 bits on every target, so that no caller's product of sizes wraps round on its way.
  Scratch(const char* op, std::int64_t floats);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  float* data() const { return data_; }

 private:
  float* data_;
  Index capacity_;
};

}  // namespace attn::detail
