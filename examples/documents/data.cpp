// Texts and templates as batches of numbers.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "training_data.hpp"

namespace documents {

nlohmann::json training_data(const std::string& id) {
  std::ifstream file(ATTN_TRAINING_JSON);
  if (!file) throw std::runtime_error("cannot read " ATTN_TRAINING_JSON);
  return nlohmann::json::parse(file).at(id);
}

std::vector<std::string> tokenize(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };  // of UTF-8
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (letter(text[at]))
      while (end < text.size() && letter(text[end])) ++end;
    else
      while (end < text.size() && continues(text[end])) ++end;
    std::string token = text.substr(at, end - at);
    for (char& c : token)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (token != " ") tokens.push_back(std::move(token));
    at = end;
  }
  return tokens;
}

std::int32_t Vocabulary::number(const std::string& token) {
  const auto at = std::ranges::find(tokens_, token);
  const auto number = static_cast<std::int32_t>(reserved_ + (at - tokens_.begin()));
  if (at == tokens_.end()) tokens_.push_back(token);
  return number;
}

std::vector<std::int32_t> Vocabulary::numbers(const std::string& text) {
  std::vector<std::int32_t> out;
  for (const std::string& token : tokenize(text)) out.push_back(number(token));
  return out;
}

Batch batch_of(const std::vector<std::vector<std::int32_t>>& rows, std::int32_t pad) {
  std::size_t longest = 0;
  std::vector<std::int32_t> lengths, tokens;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  for (const auto& row : rows) {
    tokens.insert(tokens.end(), row.begin(), row.end());
    tokens.insert(tokens.end(), longest - row.size(), pad);
    lengths.push_back(static_cast<std::int32_t>(row.size()));
  }
  const auto batch = static_cast<Index>(rows.size());
  return {Tensor::from(tokens, {batch, static_cast<Index>(longest)}), Tensor::from(lengths, {batch})};
}

Sentiment sentiment(const std::string& language) {
  const nlohmann::json source = training_data("D2").at(language);
  Vocabulary words(1);  // 0 fills up
  Sentiment out{};
  const auto put = [](std::string text, const std::string& slot, const std::string& word) {
    return text.replace(text.find(slot), slot.size(), word);
  };
  for (const auto& [part, sentences] : {std::pair{"train", &out.train}, {"held_out", &out.held_out}})
    for (const bool negated : {false, true})
      for (const std::string text : source.at(part).at(negated ? "negated" : "affirmed"))
        for (const std::string thing : source.at("things"))
          for (const bool positive : {false, true})
            for (const std::string word : source.at(positive ? "positive" : "negative")) {
              const std::string sentence = put(put(text, "{thing}", thing), "{word}", word);
              sentences->push_back({words.numbers(sentence), positive != negated ? 1.0f : 0.0f});
              out.longest = std::max(out.longest, static_cast<Index>(sentences->back().tokens.size()));
            }
  out.vocabulary = words.size();
  return out;
}

}  // namespace documents
