// Shapes, strides, views, and the form of an error.
#include <limits>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;

TEST_CASE("a shape is written as in every error message") {
  CHECK(attn::to_string(Shape{}) == "[]");
  CHECK(attn::to_string(Shape{3}) == "[3]");
  CHECK(attn::to_string(Shape{3, 0, 12}) == "[3,0,12]");
}

TEST_CASE("the number of elements is the product of the sizes, and is checked") {
  CHECK(attn::numel({}) == 1);
  CHECK(attn::numel({2, 3, 4}) == 24);
  CHECK(attn::numel({2, 0, 4}) == 0);
  CHECK(attn::checked_numel("op", {}) == 1);
  CHECK(attn::checked_numel("op", {2, 3, 4}) == 24);
  constexpr Index huge = std::numeric_limits<Index>::max() / 2;
  CHECK(attn::checked_numel("op", {huge, 0, huge}) == 0);
  check_error(ErrorCode::range, "op", {"[2,-1]"}, [] { attn::checked_numel("op", {2, -1}); });
  check_error(ErrorCode::range, "op", {"[0,-1]"}, [] { attn::checked_numel("op", {0, -1}); });
  check_error(ErrorCode::oom, "op", {attn::to_string(Shape{huge, 3})}, [] { attn::checked_numel("op", {huge, 3}); });
  // The elements can be counted, but not their bytes.
  check_error(ErrorCode::oom, "op", {}, [] { attn::checked_numel("op", {huge}); });
}

TEST_CASE("row-major strides step over the dimensions after them") {
  CHECK(attn::row_major_strides({}) == Shape{});
  CHECK(attn::row_major_strides({5}) == Shape{1});
  CHECK(attn::row_major_strides({2, 3, 4}) == Shape{12, 4, 1});
}

TEST_CASE("shapes broadcast by NumPy's rules") {
  CHECK(attn::broadcast_shapes("op", {}, {}) == Shape{});
  CHECK(attn::broadcast_shapes("op", {}, {3}) == Shape{3});
  CHECK(attn::broadcast_shapes("op", {4, 1}, {3}) == Shape{4, 3});
  CHECK(attn::broadcast_shapes("op", {3}, {2, 1, 3}) == Shape{2, 1, 3});
  CHECK(attn::broadcast_shapes("op", {2, 1, 3}, {5, 1}) == Shape{2, 5, 3});
  CHECK(attn::broadcast_shapes("op", {1}, {0}) == Shape{0});
  check_error(ErrorCode::shape, "op", {"[3]", "[3,2]"}, [] { attn::broadcast_shapes("op", {3}, {3, 2}); });
  check_error(ErrorCode::shape, "op", {"[0]", "[2]"}, [] { attn::broadcast_shapes("op", {0}, {2}); });
}

TEST_CASE("a dimension counts from the end where it is negative") {
  CHECK(attn::checked_dim("op", 0, 3) == 0);
  CHECK(attn::checked_dim("op", 2, 3) == 2);
  CHECK(attn::checked_dim("op", -1, 3) == 2);
  CHECK(attn::checked_dim("op", -3, 3) == 0);
  check_error(ErrorCode::range, "op", {"3"}, [] { attn::checked_dim("op", 3, 3); });
  check_error(ErrorCode::range, "op", {"-4"}, [] { attn::checked_dim("op", -4, 3); });
  check_error(ErrorCode::range, "op", {}, [] { attn::checked_dim("op", 0, 0); });
}

TEST_CASE("a view knows its sizes and whether it is contiguous") {
  const float data[6] = {};
  const attn::In x{data, {2, 3}, {3, 1}}, turned{data, {3, 2}, {1, 3}};
  CHECK(x.rank() == 2);
  CHECK(x.size(1) == 3);
  CHECK(x.size(-2) == 2);
  CHECK(x.numel() == 6);
  CHECK(x.contiguous());
  CHECK_FALSE(turned.contiguous());
  const attn::In row = attn::broadcast_to({data, {1, 3}, {3, 1}}, {4, 2, 3});
  CHECK(row.shape == Shape{4, 2, 3});
  CHECK(row.strides == Shape{0, 0, 1});
  CHECK(row.data == data);
}

TEST_CASE("an error carries its code, its operator, its message and the shapes") {
  const attn::Error error(ErrorCode::shape, "attend", "key must end in 1, got [3,5]", {{3, 1}, {3, 5}});
  CHECK(std::string(error.what()) == "attend: key must end in 1, got [3,5]");
  CHECK(error.message() == "key must end in 1, got [3,5]");
  CHECK(error.op() == "attend");
  CHECK(error.code() == ErrorCode::shape);
  REQUIRE(error.shapes().size() == 2);
  CHECK(error.shapes()[1] == Shape{3, 5});
  const char* names[] = {"SHAPE", "TYPE", "RANGE", "OOM", "ABORTED", "UNSUPPORTED", "FORMAT", "INTERNAL"};
  for (int i = 0; i < 8; ++i) CHECK(std::string(attn::to_string(static_cast<ErrorCode>(i))) == names[i]);
}
