#pragma once
// Memory that an operator needs while it runs. A thread keeps what it used last, since fresh pages cost more than the
// kernels that fill them.

#include "attn/shape.hpp"

namespace attn::detail {

class Scratch {
 public:
  /// Throws OOM, naming `op`.
  Scratch(const char* op, Index floats);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  float* data() const { return data_; }

 private:
  float* data_;
  Index capacity_;
};

}  // namespace attn::detail
