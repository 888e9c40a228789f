// Valid files with seeded damage: each loads, or is a FORMAT error. tests/fuzz has the same check for libFuzzer.
#include <array>
#include <fstream>
#include <iterator>

#include "../fuzz/checkpoint.hpp"
#include "helpers.hpp"

using namespace test;

namespace {

std::uint64_t header_length(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

void set_header_length(std::string& file, std::uint64_t length) { std::memcpy(file.data(), &length, sizeof length); }

/// One piece of damage. What is done to the header changes its length along, mostly, so that the damage gets past that.
void damage(Random& random, std::string& file) {
  static constexpr std::array<std::string_view, 18> words{"0",
                                                          "-1",
                                                          "4",
                                                          "1e999",
                                                          "18446744073709551615",
                                                          "4611686018427387904",
                                                          "null",
                                                          "\"F32\"",
                                                          "\"F64\"",
                                                          "{",
                                                          "}",
                                                          "[",
                                                          "]",
                                                          ",",
                                                          "\"\\ud800\"",
                                                          "\"a\":",
                                                          "\xff",
                                                          " "};
  if (file.size() < 9 || random.chance(0.05)) {
    file.resize(static_cast<std::size_t>(random.integer(0, static_cast<Index>(file.size()))));
    return;
  }
  const std::uint64_t length = header_length(file);
  const bool in_header = length > 0 && length <= file.size() - 8 && random.chance(0.8);
  const auto at = static_cast<std::size_t>(in_header ? random.integer(8, 7 + static_cast<Index>(length))
                                                     : random.integer(0, static_cast<Index>(file.size()) - 1));
  const std::size_t before = file.size();
  const auto count = static_cast<std::size_t>(random.integer(1, 12));
  switch (random.integer(0, 4)) {
    case 0: file[at] = static_cast<char>(random.next()); break;
    case 1: file.insert(at, words[static_cast<std::size_t>(random.integer(0, words.size() - 1))]); break;
    case 2: file.erase(at, count); break;
    case 3:
      file.insert(at, file.substr(static_cast<std::size_t>(random.integer(0, static_cast<Index>(before) - 1)), count));
      break;
    default:  // another digit where there is one
      if (const std::size_t digit = file.find_first_of("0123456789", at); digit != std::string::npos)
        file[digit] = static_cast<char>('0' + random.integer(0, 9));
  }
  if (in_header && file.size() >= 8 && random.chance(0.9)) set_header_length(file, length + file.size() - before);
}

}  // namespace

TEST_CASE("a file with any damage loads, or is a FORMAT error") {
  Random random(9);
  int loaded = 0, refused = 0;
  for (const char* name : {"dtypes.safetensors", "written.safetensors"}) {
    const std::string whole = read_golden(name);
    CHECK(fuzz::loads(std::as_bytes(std::span(whole))));
    for (int round = 0; round < share_of(4000); ++round) {
      std::string file = whole;
      do damage(random, file);
      while (random.chance(0.3));
      CAPTURE(round);
      CHECK_NOTHROW(++(fuzz::loads(std::as_bytes(std::span(file))) ? loaded : refused));
    }
  }
  // Both happen, often: digits in names and in elements change without a fault.
  CHECK(loaded > share_of(100));
  CHECK(refused > share_of(2000));
}
