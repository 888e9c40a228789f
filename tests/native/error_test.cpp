// What messages are made of.
#include "attn/error.hpp"

#include "helpers.hpp"

TEST_CASE("a name of somebody else's stands in quotes and cannot end them") {
  using namespace std::string_view_literals;
  const auto check = [](std::string_view name, std::string_view want) { CHECK(attn::quoted(name) == want); };
  check("", "''");
  check("in_proj_weight", "'in_proj_weight'");
  check("it's", R"('it\'s')");
  check(R"(C:\n)", R"('C:\\n')");
  check("a\nb\tc\r\x1b\x7f\0d"sv, R"('a\nb\tc\x0d\x1b\x7f\x00d')");
  check("größe 重み 😀", "'größe 重み 😀'");
}
