// Errors: what they say, and what of it is somebody else's.
#include "attn/error.hpp"

#include "helpers.hpp"

TEST_CASE("what is verbatim in a message is marked apart, and what() has it without marks") {
  using attn::verbatim;
  const attn::Error error(attn::ErrorCode::format, "read",
                          verbatim("my_name") + " must be " + verbatim("a\x02\n\x7fü"));
  CHECK(std::string(error.what()) == "read: my_name must be a\\x02\\x0a\\x7fü");
  CHECK(error.message() == "my_name must be a\\x02\\x0a\\x7fü");
  CHECK(error.marked() ==
        "\x02my_name\x03 must be \x02"
        "a\\x02\\x0a\\x7fü\x03");
  CHECK(attn::Error(attn::ErrorCode::type, "add", "no marks").marked() == "no marks");
}
