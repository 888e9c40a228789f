#pragma once
// A text for a language model to learn, the same one that tests/node/support/story.mjs makes.

#include <cstdint>
#include <string>
#include <vector>

namespace test {

/// At least `length` characters of "\n .a-z".
std::string story(std::size_t length);

inline constexpr std::int32_t kStoryVocabulary = 29;
std::vector<std::int32_t> encode(const std::string& text);

}  // namespace test
