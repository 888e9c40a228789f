#include "story.hpp"

#include <string_view>

namespace test {

namespace {

using Words = std::vector<std::string_view>;
const Words kNames{"anna", "bruno", "clara", "david", "elena", "felix", "greta", "henry"};
const Words kVerbs{"finds", "paints", "carries", "repairs", "hides", "borrows", "counts", "sells"};
const Words kPast{"found", "painted", "carried", "repaired", "hid", "borrowed", "counted", "sold"};
const Words kColours{"red", "green", "blue", "black", "white", "yellow"};
const Words kThings{"box", "lamp", "chair", "kite", "drum", "boat", "clock", "ladder"};
const Words kPlaces{"garden", "kitchen", "harbour", "market", "school", "attic"};
constexpr std::string_view kAlphabet = "\n .abcdefghijklmnopqrstuvwxyz";
static_assert(kAlphabet.size() == kStoryVocabulary);

/// xorshift32, by Marsaglia.
struct Numbers {
  std::uint32_t state = 2463534242;

  std::size_t below(std::size_t n) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
  }
  std::string one(const Words& words) { return std::string(words[below(words.size())]); }
};

}  // namespace

std::string story(std::size_t length) {
  Numbers random;
  std::string text;
  while (text.size() < length) {
    const std::string name = random.one(kNames), other = random.one(kNames);
    const std::size_t verb = random.below(kVerbs.size());
    const std::string colour = random.one(kColours), thing = colour + " " + random.one(kThings);
    const std::string place = random.one(kPlaces), done(kPast[verb]);
    text += name + " " + std::string(kVerbs[verb]) + " the " + thing + " in the " + place + ". " + other +
            " asks who " + done + " the " + thing + ". " + name + " " + done + " it in the " + place + ".\n";
  }
  return text;
}

std::vector<std::int32_t> encode(const std::string& text) {
  std::vector<std::int32_t> tokens;
  for (const char c : text) tokens.push_back(static_cast<std::int32_t>(kAlphabet.find(c)));
  return tokens;
}

}  // namespace test
