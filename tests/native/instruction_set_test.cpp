// The choice of an instruction set; that each of them computes right is seen by running the whole suite under it.
#include "attn/instruction_set.hpp"

#include <algorithm>

#include "helpers.hpp"

using namespace test;

TEST_CASE("an instruction set is chosen by name, and by no other") {
  const std::vector<std::string> all = attn::instruction_sets();
  const std::string used = attn::instruction_set();
  CHECK(std::ranges::count(all, used) == 1);
  for (const std::string& name : all) {
    attn::set_instruction_set(name);
    CHECK(attn::instruction_set() == name);
  }
  attn::set_instruction_set(used);
  for (const char* wrong : {"", "avx", "AVX2"})
    check_error(attn::ErrorCode::range, "set_instruction_set", {all.front()}, [&] { attn::set_instruction_set(wrong); });
  CHECK(attn::instruction_set() == used);
}
