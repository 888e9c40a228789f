// Sparsemax: the projection onto the simplex, by its properties.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;
using attn::Normalizer;

namespace {

/// Weights of scores given outright.
Tensor weights(Normalizer normalizer, const Tensor& scores) {
  const Index n = scores.size(-1);
  attn::AttendOptions o;
  o.score = attn::Score::dot;
  o.normalizer = normalizer;
  return attn::attend(attn::ones({1, 1}), attn::reshape(scores, {n, 1}), attn::ones({n, 1}), o).weights;
}
Tensor sparsemax(const Tensor& scores) { return weights(Normalizer::sparsemax, scores); }

}  // namespace

TEST_CASE("sparsemax of known rows") {
  check_values(sparsemax(tensor({3}, {1})), {1});
  check_values(sparsemax(tensor({0.5f, 0.5f}, {2})), {0.5f, 0.5f});
  check_values(sparsemax(tensor({0, 1, 0}, {3})), {0, 1, 0});
  check_values(sparsemax(tensor({0.25f, 0.75f}, {2})), {0.25f, 0.75f});  // a point of the simplex is its own projection
  check_values(sparsemax(tensor({0.5f, 1, -1}, {3})), {0.25f, 0.75f, 0});
  check_values(sparsemax(tensor({-7, -7, -7, -7}, {4})), {0.25f, 0.25f, 0.25f, 0.25f});
  // A key exactly on the threshold has weight 0, and ties share.
  check_values(sparsemax(tensor({1, 0, 1}, {3})), {0.5f, 0, 0.5f});
  check_close(sparsemax(tensor({1.5f, 1, 1}, {3})), {{1, 3}, {2.0 / 3, 1.0 / 6, 1.0 / 6}}, 2 * tolerance::rounding);
}

TEST_CASE("sparsemax sums to 1, is never negative, keeps the order and sets keys to 0") {
  Random random(1);
  for (const Index n : sizes_around_lanes()) {
    if (n == 0) continue;
    CAPTURE(n);
    const Tensor scores = random.tensor({n}, -2, 2), w = sparsemax(scores);
    double total = 0;
    Index zeros = 0;
    for (Index i = 0; i < n; ++i) {
      const float x = w.data()[i];
      total += static_cast<double>(x);
      zeros += x == 0;
      CHECK(x >= 0);
      for (Index j = 0; j < n; ++j)
        if (scores.data()[i] > scores.data()[j] && x < w.data()[j]) FAIL_CHECK("order of " << i << " and " << j);
    }
    // n differences of numbers up to 4, each rounded once, and a threshold in double.
    CHECK(std::abs(total - 1) <= static_cast<double>(n) * 4 * tolerance::rounding);
    if (n > 16) CHECK(zeros > n / 2);
  }
}

TEST_CASE("sparsemax does not change with a shift, and meets softmax where scores are equal or far apart") {
  const Tensor whole = tensor({0, 0.25f, 0.5f, -3}, {4});
  check_same_bits(sparsemax(whole), sparsemax(attn::binary(attn::ops::Binary::add, whole, attn::full({}, 1024))));
  for (const Tensor& x : {attn::zeros({8}), tensor({0, 500, 0}, {3}), tensor({-1e4f, 1e4f}, {2})})
    check_same_bits(sparsemax(x), weights(Normalizer::softmax, x));
}
