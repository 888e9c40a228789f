// doctest's main with arguments of our own: `--instruction-sets` lists those that can run here, `--instruction-set=NAME`
// runs the suite under one of them, and `--name-cases` says which case begins, so that whoever ends a run that hangs can
// name it. It prints the summary and returns 1 where anything failed.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>

#include "attn/instruction_set.hpp"

namespace {

bool name_cases = false;

struct CaseNames : doctest::IReporter {
  explicit CaseNames(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData& test) override {
    if (!name_cases) return;
    std::printf("▸ %s\n", test.m_name);
    std::fflush(stdout);
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("names", 1, CaseNames);

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view choice = "--instruction-set=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--instruction-sets") {
      for (const std::string& name : attn::instruction_sets()) std::puts(name.c_str());
      return 0;
    }
    if (argument == "--name-cases") name_cases = true;
    if (argument.starts_with(choice)) attn::set_instruction_set(argument.substr(choice.size()));
  }
  return doctest::Context(argc, argv).run();
}
