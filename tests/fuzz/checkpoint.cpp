// libFuzzer's way in: bytes that do not load must be a FORMAT error, what is written must load, and nothing else may
// happen.
#include "checkpoint.hpp"

#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  fuzz::loads(bytes);
  fuzz::writes(bytes);
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// Changes the header or the elements, and the length along with the header: without that nearly every change is
/// refused for its length alone.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  constexpr std::size_t prefix = 8;
  std::uint64_t length = 0;
  if (size >= prefix) std::memcpy(&length, data, prefix);
  if (size <= prefix || length > size - prefix || seed % 8 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::size_t begin = prefix + static_cast<std::size_t>(length);
  if (seed % 8 == 1) return begin + LLVMFuzzerMutate(data + begin, size - begin, most - begin);
  if (seed % 8 == 2) return size - seed / 8 % (size - begin + 1);  // cut off among the elements
  const std::vector<std::uint8_t> elements(data + begin, data + size);
  length = LLVMFuzzerMutate(data + prefix, begin - prefix, most - prefix - elements.size());
  std::memcpy(data, &length, prefix);
  std::ranges::copy(elements, data + prefix + length);
  return prefix + static_cast<std::size_t>(length) + elements.size();
}
