// Creation, storage and changes of shape.
#include <algorithm>
#include <array>
#include <vector>

#include "helpers.hpp"

using namespace test;
using attn::DType;
using attn::ErrorCode;

TEST_CASE("creation gives the values that its name says") {
  check_values(attn::zeros({2, 2}), {0, 0, 0, 0});
  check_values(attn::ones({3}), {1, 1, 1});
  check_values(attn::full({2, 1}, 2.5f), {2.5f, 2.5f});
  check_values(attn::full({}, -1), {-1});
  check_values(attn::eye(3), {1, 0, 0, 0, 1, 0, 0, 0, 1});
  check_values(attn::arange(0, 3), {0, 1, 2});
  check_values(attn::arange(1, 2, 0.25), {1, 1.25f, 1.5f, 1.75f});
  check_values(attn::arange(3, 0, -2), {3, 1});
  CHECK(attn::arange(5, 5).shape() == Shape{0});
  const Tensor whole = attn::arange(-1, 3, 2, DType::int32);
  CHECK(whole.dtype() == DType::int32);
  CHECK(whole.data<std::int32_t>()[0] == -1);
  CHECK(whole.data<std::int32_t>()[1] == 1);
  CHECK(attn::ones({2}, DType::int32).data<std::int32_t>()[1] == 1);
  CHECK(attn::zeros({2}, DType::int32).data<std::int32_t>()[1] == 0);
  const Tensor unit = attn::eye(2, DType::int32);
  CHECK(std::ranges::equal(unit.values<std::int32_t>(), std::array{1, 0, 0, 1}));
  check_error(ErrorCode::range, "arange", {"step"}, [] { attn::arange(0, 1, 0); });
  check_error(ErrorCode::range, "arange", {"step"}, [] { attn::arange(0, 1, -1); });
  check_error(ErrorCode::range, "arange", {}, [] { attn::arange(0, 1, static_cast<double>(kNan)); });
  check_error(ErrorCode::oom, "arange", {}, [] { attn::arange(0, 1e15); });
  check_error(ErrorCode::oom, "arange", {}, [] { attn::arange(0, 0x1p31); });
  check_error(ErrorCode::range, "arange", {"int32"}, [] { attn::arange(3e9, 3e9 + 2, 1, DType::int32); });
  check_error(ErrorCode::range, "arange", {"int32"}, [] { attn::arange(-2e9, -4e9, -1e9, DType::int32); });
}

TEST_CASE("from copies values of the right number and refuses others") {
  std::vector<float> given{1, 2, 3, 4, 5, 6};
  const Tensor x = Tensor::from(std::span<const float>(given), {2, 3});
  given[0] = 9;
  check_values(x, {1, 2, 3, 4, 5, 6});
  CHECK(x.strides() == Shape{3, 1});
  CHECK(x.size(-1) == 3);
  check_error(ErrorCode::shape, "tensor", {"[2,2]", "6"}, [&] { Tensor::from(std::span<const float>(given), {2, 2}); });
  check_error(ErrorCode::range, "tensor", {"[-6]"}, [&] { Tensor::from(std::span<const float>(given), {-6}); });
  CHECK(Tensor::from(std::span<const float>(), {0, 3}).numel() == 0);
}

TEST_CASE("no memory and impossible sizes are errors, not crashes") {
  // As many bytes as an Index can count: more than any machine's memory, and than WebAssembly's 2 GB.
  check_error(ErrorCode::oom, "empty", {}, [] { Tensor::empty({std::numeric_limits<Index>::max() / 4 - 16}); });
  check_error(ErrorCode::range, "empty", {"[2,-2]"}, [] { Tensor::empty({2, -2}); });
}

TEST_CASE("a tensor's elements are read as what they are") {
  check_error(ErrorCode::type, "data", {"int32", "float32"}, [] { attn::zeros({1}).data<std::int32_t>(); });
  check_error(ErrorCode::type, "data", {"int32", "float32"}, [] { integers({1}).data<float>(); });
  CHECK(std::string(attn::to_string(DType::float32)) == "float32");
  CHECK(std::string(attn::to_string(DType::int32)) == "int32");
}

TEST_CASE("bytes of live tensors are counted until the last one that shares them goes") {
  const std::size_t before = attn::tensor_bytes();
  {
    const Tensor x = Tensor::empty({100, 10});
    CHECK(attn::tensor_bytes() - before == 4000);
    Tensor view = attn::slice(x, 0, 0, 10);
    CHECK(attn::tensor_bytes() - before == 4000);
    const Tensor copy = attn::contiguous(attn::transpose(x, 0, 1));
    CHECK(attn::tensor_bytes() - before == 8000);
  }
  CHECK(attn::tensor_bytes() == before);
  CHECK_FALSE(Tensor().defined());
}

TEST_CASE("reshape keeps the row-major order") {
  const Tensor x = attn::arange(0, 24);
  CHECK(attn::reshape(x, {2, 3, 4}).data() == x.data());
  CHECK(attn::reshape(x, {4, -1}).shape() == Shape{4, 6});
  CHECK(attn::reshape(x, {-1}).shape() == Shape{24});
  CHECK(attn::reshape(attn::full({}, 3), {1, 1}).shape() == Shape{1, 1});
  // Of a transposed tensor, the order that is seen, not the one in memory.
  check_values(attn::reshape(attn::transpose(attn::reshape(attn::arange(0, 6), {2, 3}), 0, 1), {6}),
               {0, 3, 1, 4, 2, 5});
  check_error(ErrorCode::shape, "reshape", {"[24]", "[5,5]"}, [&] { attn::reshape(x, {5, 5}); });
  check_error(ErrorCode::shape, "reshape", {"[24]", "[5,-1]"}, [&] { attn::reshape(x, {5, -1}); });
  check_error(ErrorCode::range, "reshape", {}, [&] { attn::reshape(x, {-2, -12}); });
  check_error(ErrorCode::range, "reshape", {}, [&] { attn::reshape(x, {-1, -1}); });
}

TEST_CASE("permute and transpose move dimensions without moving elements") {
  const Tensor x = attn::reshape(attn::arange(0, 6), {1, 2, 3});
  const Tensor turned = attn::permute(x, {2, 0, 1});
  CHECK(turned.shape() == Shape{3, 1, 2});
  CHECK(turned.data() == x.data());
  check_values(turned, {0, 3, 1, 4, 2, 5});
  check_values(attn::permute(x, {-1, 0, 1}), {0, 3, 1, 4, 2, 5});
  check_values(attn::transpose(x, 1, -1), {0, 3, 1, 4, 2, 5});
  check_error(ErrorCode::shape, "permute", {"[1,2,3]", "[0,1]"}, [&] { attn::permute(x, {0, 1}); });
  check_error(ErrorCode::range, "permute", {"[0,1,1]"}, [&] { attn::permute(x, {0, 1, 1}); });
  check_error(ErrorCode::range, "permute", {"3"}, [&] { attn::permute(x, {0, 1, 3}); });
  check_error(ErrorCode::range, "transpose", {"3"}, [&] { attn::transpose(x, 0, 3); });
}

TEST_CASE("slice cuts one dimension, counts from the end and is clamped") {
  const Tensor x = attn::reshape(attn::arange(0, 12), {3, 4});
  check_values(attn::slice(x, 0, 1, 2), {4, 5, 6, 7});
  check_values(attn::slice(x, 1, 1, 3), {1, 2, 5, 6, 9, 10});
  check_values(attn::slice(x, -1, -1, 4), {3, 7, 11});
  check_values(attn::slice(x, 0, -2, -1), {4, 5, 6, 7});
  CHECK(attn::slice(x, 0, 2, 99).shape() == Shape{1, 4});
  CHECK(attn::slice(x, 0, -99, 1).shape() == Shape{1, 4});
  CHECK(attn::slice(x, 0, 2, 1).shape() == Shape{0, 4});
  CHECK(attn::slice(x, 0, 99, 100).shape() == Shape{0, 4});
  check_values(attn::slice(attn::slice(x, 0, 1, 3), 1, 2, 4), {6, 7, 10, 11});
  check_error(ErrorCode::range, "slice", {"2"}, [&] { attn::slice(x, 2, 0, 1); });
}

TEST_CASE("index picks rows in the order asked for") {
  const Tensor x = attn::reshape(attn::arange(0, 6), {3, 2});
  check_values(attn::index(x, integers({2, 0, 2})), {4, 5, 0, 1, 4, 5});
  const Tensor picked = attn::index(x, integers({1, 0}, {2, 1}));
  CHECK(picked.shape() == Shape{2, 1, 2});
  check_values(picked, {2, 3, 0, 1});
  check_values(attn::index(attn::transpose(x, 0, 1), integers({1})), {1, 3, 5});
  check_values(attn::index(attn::arange(0, 4), integers({3, 1})), {3, 1});
  CHECK(attn::index(x, Tensor::empty({0}, DType::int32)).shape() == Shape{0, 2});
  check_error(ErrorCode::range, "index", {"3"}, [&] { attn::index(x, integers({0, 3})); });
  check_error(ErrorCode::range, "index", {"-1"}, [&] { attn::index(x, integers({-1})); });
  check_error(ErrorCode::type, "index", {"int32", "float32"}, [&] { attn::index(x, attn::zeros({1})); });
  check_error(ErrorCode::shape, "index", {}, [] { attn::index(attn::full({}, 1), integers({0})); });
}

TEST_CASE("cat joins along a dimension and stack makes one") {
  const Tensor x = attn::reshape(attn::arange(0, 4), {2, 2}), y = attn::full({2, 1}, 9);
  check_values(attn::cat({x, y}, 1), {0, 1, 9, 2, 3, 9});
  check_values(attn::cat({x, attn::transpose(x, 0, 1)}, 0), {0, 1, 2, 3, 0, 2, 1, 3});
  CHECK(attn::cat({x, attn::zeros({0, 2})}, 0).shape() == Shape{2, 2});
  CHECK(attn::cat({integers({1}), integers({2})}, 0).data<std::int32_t>()[1] == 2);
  check_values(attn::stack({attn::arange(0, 2), attn::arange(2, 4)}, 0), {0, 1, 2, 3});
  const Tensor columns = attn::stack({attn::arange(0, 2), attn::arange(2, 4)}, -1);
  CHECK(columns.shape() == Shape{2, 2});
  check_values(columns, {0, 2, 1, 3});
  check_error(ErrorCode::shape, "cat", {"[2,2]", "[2,1]"}, [&] { attn::cat({x, y}, 0); });
  check_error(ErrorCode::shape, "cat", {"[2,2]", "[2]"}, [&] { attn::cat({x, attn::zeros({2})}, 0); });
  check_error(ErrorCode::type, "cat", {"float32", "int32"}, [] { attn::cat({attn::zeros({1}), integers({1})}, 0); });
  check_error(ErrorCode::range, "cat", {}, [] { attn::cat({}, 0); });
  check_error(ErrorCode::range, "cat", {"2"}, [&] { attn::cat({x}, 2); });
  check_error(ErrorCode::shape, "stack", {"[2,2]", "[2,1]"}, [&] { attn::stack({x, y}, 0); });
  check_error(ErrorCode::range, "stack", {}, [] { attn::stack({}, 0); });
  check_error(ErrorCode::range, "stack", {"3"}, [&] { attn::stack({x}, 3); });
}

TEST_CASE("contiguous copies only where it must") {
  const Tensor x = attn::reshape(attn::arange(0, 6), {2, 3});
  CHECK(attn::contiguous(x).data() == x.data());
  const Tensor turned = attn::contiguous(attn::transpose(x, 0, 1));
  CHECK(turned.contiguous());
  check_values(turned, {0, 3, 1, 4, 2, 5});
  const Tensor whole =
      attn::contiguous(attn::transpose(attn::reshape(attn::arange(0, 4, 1, DType::int32), {2, 2}), 0, 1));
  CHECK(whole.data<std::int32_t>()[1] == 2);
  // Repeated elements, and runs longer than a buffer, in every order of three dimensions.
  const Tensor wide = x.restrided({4, 3}, {0, 1});
  check_values(attn::contiguous(wide), {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  const Tensor large = attn::reshape(attn::arange(0, 3 * 5 * 1100), {3, 5, 1100});
  for (const Shape& dims : {Shape{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    const Tensor view = attn::permute(large, dims);
    check_close(attn::contiguous(view), exact(view), 0.0);
  }
}
