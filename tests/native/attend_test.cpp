// attend: every score, normaliser and mask against the reference.
#include "attention_helpers.hpp"

using namespace test;
using attn::Normalizer;
using attn::Score;

namespace {

/// `sum` divides by a sum of scores, so it is given inputs above 0, where that sum keeps its digits.
float lowest(Normalizer normalizer) { return normalizer == Normalizer::sum ? 0.1f : -1.0f; }

/// Widths that the score allows: query and key of a dot product have the same.
Sizes with_widths(Sizes sizes, Score score) {
  if (score != Score::general && score != Score::additive && score != Score::location) sizes.Dk = sizes.Dq;
  return sizes;
}

void check_every_normalizer_and_mask(const Sizes& asked, Score score) {
  const Sizes sizes = with_widths(asked, score);
  CAPTURE(to_string(sizes));
  CAPTURE(name_of(score));
  for (const Normalizer normalizer : all_normalizers)
    for (const char* mask : all_masks) {
      CAPTURE(name_of(normalizer));
      CAPTURE(mask);
      Random random(7);
      const float low = lowest(normalizer);
      const Inputs in = random_inputs(random, sizes, low);
      attn::AttendOptions options = random_options(random, sizes, score, low);
      options.normalizer = normalizer;
      options.mask = make_mask(random, sizes, mask);
      check_attend(in, options);
    }
}

}  // namespace

TEST_CASE("every score with every normaliser and mask, on matrices") {
  for (const Score score : all_scores) {
    check_every_normalizer_and_mask({{}, 5, 7, 6, 3, 4}, score);
    check_every_normalizer_and_mask({{}, 9, 4, 17, 8, 9}, score);
  }
}

TEST_CASE("every score with every normaliser and mask, in batches and heads") {
  for (const Score score : all_scores) {
    check_every_normalizer_and_mask({{3}, 4, 5, 5, 2, 3}, score);
    check_every_normalizer_and_mask({{2, 3}, 4, 3, 5, 9, 2}, score);
    check_every_normalizer_and_mask({{}, 4, 5, 6, 9, 12, 3}, score);
    check_every_normalizer_and_mask({{3}, 3, 5, 8, 4, 6, 2}, score);
  }
}

TEST_CASE("sizes of 0 and 1, and around the lanes") {
  for (const Score score : all_scores)
    for (const Normalizer normalizer : all_normalizers)
      for (const auto& [T, S] : {std::pair<Index, Index>{0, 3}, {3, 0}, {0, 0}, {1, 1}, {1, 9}, {9, 1}, {17, 33}}) {
        const Sizes sizes = with_widths({{2}, T, S, 4, 3, 5}, score);
        CAPTURE(to_string(sizes));
        CAPTURE(name_of(score));
        CAPTURE(name_of(normalizer));
        Random random(8);
        const float low = lowest(normalizer);
        const Inputs in = random_inputs(random, sizes, low);
        attn::AttendOptions options = random_options(random, sizes, score, low);
        options.normalizer = normalizer;
        check_attend(in, options);
      }
  Random random(9);
  check_attend(random_inputs(random, {{0}, 3, 3, 4, 4, 4}), {});
  check_attend(random_inputs(random, {{2, 0}, 3, 3, 4, 4, 4}), {});
  check_attend(random_inputs(random, {{}, 3, 3, 4, 4, 0}), {});
  for (const Index n : sizes_around_lanes()) {
    if (n > 0) check_attend(random_inputs(random, {{}, 3, 5, n, n, 2}), {});
    check_attend(random_inputs(random, {{}, 3, n, 5, 5, 2}), {});
    check_attend(random_inputs(random, {{}, 3, 5, 5, 5, n}), {});
  }
}

TEST_CASE("many rows are cut into pieces without a seam") {
  Random random(10);
  check_attend(random_inputs(random, {{}, 150, 130, 20, 20, 20}), {});
  check_attend(random_inputs(random, {{2}, 100, 100, 16, 16, 16}), {});
}

TEST_CASE("arguments may be views of any strides") {
  Random random(11);
  const Tensor all = random.tensor({3, 5, 6});
  const Tensor q = attn::transpose(all, 0, 1), k = attn::slice(q, 1, 0, 2),
               v = attn::permute(random.tensor({2, 5, 4}), {1, 0, 2});
  attn::AttendOptions options;
  options.mask.additive = attn::transpose(random.tensor({2, 3}), 0, 1);
  check_attend({q, k, v}, options);
  options.score = Score::general;
  options.weight = attn::transpose(random.tensor({6, 6}), 0, 1);
  check_attend({q, k, v}, options);
}

TEST_CASE("arguments are left as they were") {
  Random random(12);
  const Sizes sizes{{2}, 3, 4, 6, 6, 4, 2};
  const Inputs in = random_inputs(random, sizes), copy{attn::binary(attn::ops::Binary::add, in.query, attn::zeros({})),
                                                       attn::binary(attn::ops::Binary::add, in.key, attn::zeros({})),
                                                       attn::binary(attn::ops::Binary::add, in.value, attn::zeros({}))};
  attn::AttendOptions options = random_options(random, sizes, Score::additive);
  options.mask = make_mask(random, sizes, "causal+padding");
  attn::attend(in.query, in.key, in.value, options);
  check_same_bits(in.query, copy.query);
  check_same_bits(in.key, copy.key);
  check_same_bits(in.value, copy.value);
}
