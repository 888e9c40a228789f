// Rotary, ALiBi, learned and sinusoidal positions.
#include <cmath>

#include "gradient_helpers.hpp"

using namespace test;
using attn::ErrorCode;
namespace nn = attn::nn;

namespace {

/// x [...,T,D] with (x_i, x_{i+D/2}) of row t turned by (first + t) · base^(-2i/D).
Array turned(const Array& x, Index first, double base) {
  const Index T = x.shape[x.shape.size() - 2], D = x.shape.back(), half = D / 2;
  Array out = x;
  for (Index row = 0; row < x.size() / D; ++row)
    for (Index i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(first + row % T) * std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(D));
      const double a = x[row * D + i], b = x[row * D + half + i];
      out[row * D + i] = a * std::cos(angle) - b * std::sin(angle);
      out[row * D + half + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  return out;
}

void check_rotary(const Tensor& x, Index first = 0, double base = 10000) {
  // A cosine, its product and their sum are rounded once each; the two products of x in [-1, 1] are at most 2 in all.
  check_close(attn::rotary(x, first, base), turned(exact(x), first, base), 2 * 3 * tolerance::rounding);
}

}  // namespace

TEST_CASE("rotary turns pairs by their position, across lane tails") {
  Random random(1);
  for (const Index half : {1, 2, 3, 4, 7, 8, 9, 16, 17, 33})
    for (const Index length : {1, 5, 70}) {
      CAPTURE(half);
      CAPTURE(length);
      check_rotary(random.tensor({2, 3, length, 2 * half}));
    }
  const Tensor x = random.tensor({4, 6});
  check_rotary(x, 90);
  check_rotary(x, 3);  // before what was asked for last
  check_rotary(x, 3, 50);
  check_rotary(x, 100000);                                              // beyond the positions that are kept
  check_rotary(attn::transpose(random.tensor({3, 5, 2, 4}), 1, 2), 2);  // heads of rows
  check_rotary(attn::transpose(random.tensor({3, 4, 5}), 1, 2));        // features that lie apart
}

TEST_CASE("rotary changes no product of query and key that moved by as much") {
  Random random(2);
  const Tensor q = random.tensor({1, 8}), k = random.tensor({1, 8});
  const auto score = [&](Index at, Index by) {
    return *attn::matmul(attn::rotary(q, at + by), attn::transpose(attn::rotary(k, by), 0, 1)).data();
  };
  // Each of 8 products of numbers of at most √2 is off by 2 · 3 roundings of 2, and is added up to 8 times.
  const double bound = 8 * (2 * 6 * 2 + 8 * 2) * tolerance::rounding;
  for (const Index by : {1, 50, 3000}) CHECK(std::abs(score(3, by) - score(3, 0)) < bound);
  CHECK(std::abs(score(4, 0) - score(3, 0)) > 0.01);
}

TEST_CASE("gradients of rotary turn back") {
  Random random(3);
  check_gradients(random, {random.tensor({2, 5, 6})},
                  {[](const std::vector<Tensor>& in) { return attn::rotary(in[0], 4, 100); },
                   [](const std::vector<Array>& in) { return turned(in[0], 4, 100); }},
                  10);
}

TEST_CASE("rotary has the same bits for any number of threads") {
  Random random(4);
  const Tensor x = random.tensor({8, 130, 64});
  const Tensor one = [&] {
    const Threads threads(1);
    return attn::rotary(x, 5);
  }();
  for (const int n : thread_counts()) {
    const Threads threads(n);
    check_same_bits(attn::rotary(x, 5), one);
  }
}

TEST_CASE("rotary refuses what it cannot turn") {
  const auto refuses = [](ErrorCode code, std::initializer_list<std::string_view> pieces, const Tensor& x,
                          Index first = 0, double base = 10000) {
    check_error(code, "rotary", pieces, [&] { attn::rotary(x, first, base); });
  };
  const Tensor x = attn::zeros({2, 4});
  refuses(ErrorCode::shape, {"even", "[2,3]"}, attn::zeros({2, 3}));
  refuses(ErrorCode::shape, {"[...,T,D]", "[4]"}, attn::zeros({4}));
  refuses(ErrorCode::range, {"first_position", "-1"}, x, -1);
  refuses(ErrorCode::range, {"first_position", "1073741825"}, x, (Index{1} << 30) + 1);
  refuses(ErrorCode::range, {"base", "0"}, x, 0, 0);
  refuses(ErrorCode::range, {"base", "inf"}, x, 0, static_cast<double>(kInf));
  refuses(ErrorCode::type, {"float32", "int32"}, integers({1, 2}));
}

TEST_CASE("ALiBi has the paper's slopes, and counts distances from the last queries") {
  const auto slope = [](Index heads, Index h) { return -attn::alibi(heads, 2, 2).data()[h * 4 + 2]; };
  for (Index h = 0; h < 8; ++h) CHECK(slope(8, h) == std::exp2f(static_cast<float>(-h - 1)));
  CHECK(slope(1, 0) == 1 / 256.0f);
  const float six[] = {1 / 4.0f, 1 / 16.0f, 1 / 64.0f, 1 / 256.0f, 1 / 2.0f, 1 / 8.0f};  // 4 heads, 2 of 8
  for (Index h = 0; h < 6; ++h) CHECK(slope(6, h) == six[h]);
  const Tensor bias = attn::alibi(2, 2, 4);  // slopes 1/16 and 1/256
  check_values(attn::slice(bias, 0, 0, 1),
               {-2 / 16.0f, -1 / 16.0f, 0, -1 / 16.0f, -3 / 16.0f, -2 / 16.0f, -1 / 16.0f, 0});
  CHECK(bias.data()[8] == -2 / 256.0f);
  check_error(ErrorCode::range, "alibi", {"0 heads"}, [] { attn::alibi(0, 1, 1); });
  check_error(ErrorCode::range, "alibi", {"3 queries", "2 keys"}, [] { attn::alibi(1, 3, 2); });
}

TEST_CASE("learned positions add their rows, and learn those alone that were used") {
  nn::LearnedPositions positions({.num_positions = 4, .embedding_dim = 2});
  REQUIRE(positions.named_parameters().size() == 1);
  CHECK(positions.named_parameters()[0].first == "weight");
  positions.load_state_dict({{"weight", tensor({1, 2, 3, 4, 5, 6, 7, 8}, {4, 2})}});
  const Tensor x = tensor({10, 20, 30, 40, 50, 60, 70, 80}, {2, 2, 2});
  check_values(positions.forward(x), {11, 22, 33, 44, 51, 62, 73, 84});
  const Tensor out = positions.forward(x, 2);
  check_values(out, {15, 26, 37, 48, 55, 66, 77, 88});
  attn::reduce(attn::ops::Reduction::sum, out).backward();
  check_values(positions.weight.grad(), {0, 0, 0, 0, 2, 2, 2, 2});
}

TEST_CASE("sinusoidal positions add attn::sinusoidal, and have no parameters") {
  const nn::SinusoidalPositions positions({.num_positions = 5, .embedding_dim = 6});
  CHECK(positions.named_parameters().empty());
  const Tensor none = attn::zeros({2, 6});
  check_same_bits(positions.forward(none), attn::sinusoidal(2, 6));
  check_same_bits(positions.forward(none, 3), attn::contiguous(attn::slice(attn::sinusoidal(5, 6), 0, 3, 5)));
}

TEST_CASE("positions refuse rows that they do not have") {
  const nn::LearnedPositions learned({.num_positions = 4, .embedding_dim = 2});
  const nn::SinusoidalPositions fixed({.num_positions = 4, .embedding_dim = 2});
  const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> pieces, const Tensor& x,
                           Index first) {
    check_error(code, "LearnedPositions", pieces, [&] { learned.forward(x, first); });
    check_error(code, "SinusoidalPositions", pieces, [&] { fixed.forward(x, first); });
  };
  refuses(ErrorCode::shape, {"[...,T,2]", "[3,3]"}, attn::zeros({3, 3}), 0);
  refuses(ErrorCode::shape, {"[...,T,2]", "[2]"}, attn::zeros({2}), 0);
  refuses(ErrorCode::range, {"4 positions", "5 rows"}, attn::zeros({5, 2}), 0);
  refuses(ErrorCode::range, {"4 positions", "3 rows", "2"}, attn::zeros({3, 2}), 2);
  refuses(ErrorCode::range, {"-1"}, attn::zeros({3, 2}), -1);
  check_error(ErrorCode::range, "LearnedPositions", {"num_positions", "0"}, [] { nn::LearnedPositions({0, 2}); });
  check_error(ErrorCode::range, "SinusoidalPositions", {"embedding_dim", "0"}, [] { nn::SinusoidalPositions({2, 0}); });
}
