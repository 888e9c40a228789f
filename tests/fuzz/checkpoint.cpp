// libFuzzer's way in: bytes that do not load must be a FORMAT error, and nothing else may happen.
#include "checkpoint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::loads(std::as_bytes(std::span(data, size)));
  return 0;
}
