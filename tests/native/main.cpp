// doctest's main with two arguments of our own: `--instruction-sets` lists those that can run here, and
// `--instruction-set=NAME` runs the suite under one of them. It prints the summary and returns 1 where anything failed.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>

#include "attn/instruction_set.hpp"

int main(int argc, char** argv) {
  constexpr std::string_view choice = "--instruction-set=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--instruction-sets") {
      for (const std::string& name : attn::instruction_sets()) std::puts(name.c_str());
      return 0;
    }
    if (argument.starts_with(choice)) attn::set_instruction_set(argument.substr(choice.size()));
  }
  return doctest::Context(argc, argv).run();
}
