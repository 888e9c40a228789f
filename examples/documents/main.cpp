// The documents' training rows: `documents c7`, `d2`, `e5 [batch tokens]`, `e7`, or all of them.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "documents.hpp"

namespace {

using namespace documents;

void c7() {
  for (const auto attention : {attn::models::Seq2SeqAttention::additive, attn::models::Seq2SeqAttention::dot,
                               attn::models::Seq2SeqAttention::general})
    for (const auto& [task, name] : {std::pair{C7Task::autoencoder, "autoencoder"},
                                     {C7Task::one_word_ahead, "one word ahead"},
                                     {C7Task::shuffled, "words shuffled"}}) {
      std::cout << "C7, " << name_of(attention) << " attention, " << name << "\n";
      train_c7({attention, task}, std::cout);
    }
}

void d2() {
  for (const char* language : {"en", "zh"}) {
    std::cout << "D2, " << language << "\n";
    train_d2(sentiment(language), 10, std::cout);
  }
}

void e5(attn::Index batch, attn::Index tokens) {
  std::cout << "E5\n";
  run_e5(batch, tokens, std::cout);
}

void e7() {
  std::cout << "E7, overfitting\n";
  train_e7(std::cout);
  std::cout << "E7, noise\n";
  const Sentiment data = sentiment("en");
  const D2Result trained = train_d2(data, 3, std::cout);
  attention_under_noise(*trained.model, {data.held_out.begin(), data.held_out.begin() + 64}, std::cout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string row = argc > 1 ? argv[1] : "all";
  if (row != "all" && row != "c7" && row != "d2" && row != "e5" && row != "e7") {
    std::cerr << "usage: documents [all | c7 | d2 | e5 [batch tokens] | e7]\n";
    return 2;
  }
  attn::set_num_threads(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  try {
    if (row == "all" || row == "c7") c7();
    if (row == "all" || row == "d2") d2();
    if (row == "all" || row == "e5") e5(argc > 3 ? std::atol(argv[2]) : 1, argc > 3 ? std::atol(argv[3]) : 128);
    if (row == "all" || row == "e7") e7();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
