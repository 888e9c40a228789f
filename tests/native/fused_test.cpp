// The fused path against the reference and against the plain path.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;

TEST_CASE("fused attention at the edges of its tiles of keys") {
  Random random(1);
  for (const Index S : {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 191, 192, 193, 255, 256, 257, 600}) {
    CAPTURE(S);
    for (const Index T : {1, 3, 64, 65}) {
      CAPTURE(T);
      check_fused(random_inputs(random, {{}, T, S, 5, 5, 3}, -2, 2));
    }
  }
}

TEST_CASE("fused attention at features around the lanes") {
  Random random(2);
  for (const Index n : sizes_around_lanes()) {
    CAPTURE(n);
    check_fused(random_inputs(random, {{}, 2, 70, 3, 3, n}));
    if (n > 0) check_fused(random_inputs(random, {{}, 2, 70, n, n, 3}));
  }
}

TEST_CASE("fused attention under every mask, in every rank") {
  Random random(3);
  for (const Sizes& sizes : {Sizes{{}, 9, 140, 4, 4, 5}, {{3}, 5, 66, 4, 4, 5}, {{2, 3}, 3, 70, 4, 4, 2}, {{}, 70, 9, 4, 4, 5}}) {
    CAPTURE(to_string(sizes));
    for (const char* kind : all_masks) {
      CAPTURE(kind);
      check_fused(random_inputs(random, sizes), make_mask(random, sizes, kind));
    }
    // Broadcast along every dimension of the scores in turn.
    attn::Mask mask;
    for (std::size_t d = 0; d < scores_shape(sizes).size(); ++d) {
      Shape shape = scores_shape(sizes);
      shape[d] = 1;
      mask.additive = random.tensor(shape);
      mask.additive.data()[0] = -kInf;
      check_fused(random_inputs(random, sizes), mask);
    }
  }
}

TEST_CASE("fused attention takes its scale, and an additive mask after it") {
  Random random(4);
  const Inputs in = random_inputs(random, {{2}, 5, 100, 8, 8, 6});
  for (const double scale : {0.0, 0.125, 1.0, -2.0, 10.0}) {
    CAPTURE(scale);
    attn::Mask mask;
    mask.additive = random.tensor({5, 100}, -3, 3);
    check_fused(in, {}, scale);
    check_fused(in, mask, scale);
  }
}

TEST_CASE("the running maximum may rise, fall or stay from tile to tile") {
  // Scores of q = 1 are the keys themselves; v tells the tiles apart.
  const Index S = 300;
  const Tensor one = attn::ones({1, 1}), many = attn::ones({5, 1});  // one query is decoded, several share tiles
  Random random(5);
  const Tensor v = random.tensor({S, 3});
  for (const double slope : {0.03, 0.1, -0.1, 0.0, 1.0, -1.0, 60.0, -60.0}) {  // the first: less than kRise a tile
    CAPTURE(slope);
    Tensor k = Tensor::empty({S, 1});
    for (Index s = 0; s < S; ++s) k.data()[s] = static_cast<float>(slope * static_cast<double>(s));
    for (const Tensor& q : {one, many}) check_fused({q, k, v});
    for (const Index peak : {0, 63, 64, 150, 299}) {  // one key above the rest, in any tile
      Tensor spike = attn::zeros({S, 1});
      spike.data()[peak] = static_cast<float>(slope);
      for (const Tensor& q : {one, many}) check_fused({q, spike, v});
    }
  }
}

TEST_CASE("a mask of float32's lowest number hides a key, and leaves a row of nothing else its mean, on both paths") {
  Random random(8);
  constexpr float lowest = std::numeric_limits<float>::lowest();
  for (const Index T : {1, 5}) {
    CAPTURE(T);
    const Inputs in = random_inputs(random, {{}, T, 120, 4, 4, 3});
    attn::Mask mask;
    mask.additive = attn::zeros({T, 120});
    for (Index s = 0; s < 120; ++s)
      for (Index t = 0; t < T; ++t)
        if (t == 0 || s >= 100) mask.additive.data()[t * 120 + s] = lowest;
    const Tensor out = attn::scaled_dot_product_attention(in.query, in.key, in.value, {mask});
    const Tensor plain = attn::attend(in.query, in.key, in.value, {.mask = mask}).output;
    check_close(out, exact(plain), 1e-5);  // as far as the two paths' bounds lie apart
    const Array mean = reference::mean(exact(in.value), 0);
    for (Index i = 0; i < 3; ++i) CHECK(std::abs(static_cast<double>(out.data()[i]) - mean[i]) < 1e-5);
  }
}

TEST_CASE("tiles that are masked whole leave nothing behind") {
  Random random(6);
  const Inputs few = random_inputs(random, {{}, 3, 260, 4, 4, 5}), many = random_inputs(random, {{}, 30, 260, 4, 4, 5});
  for (const Index first : {0, 64, 128})
    for (const Index last : {64, 200, 260}) {
      if (first >= last) continue;
      attn::Mask mask;
      mask.additive = attn::zeros({260});
      for (Index s = first; s < last; ++s) mask.additive.data()[s] = -kInf;
      check_fused(few, mask);
      check_fused(many, mask);
    }
}

TEST_CASE("scores up to 10000 on the fused path") {
  Random random(7);
  for (const Index S : {3, 64, 65, 200}) {
    CAPTURE(S);
    const Inputs in = random_inputs(random, {{}, 4, S, 4, 4, 3}, -70, 70);
    check_fused(in, {}, 1.0);
    const Tensor out = attn::scaled_dot_product_attention(in.query, in.key, in.value, {{}, 1.0});
    check_all(out, [](float x) { return std::abs(x) <= 1; }, "a mean of values");
  }
}

TEST_CASE("keys and values of any layout give what their copies give, forward and backward") {
  Random random(12);
  const auto check = [&](const Shape& query, const Tensor& apart, bool grouped = false) {
    const Tensor q = random.tensor(query), together = attn::contiguous(apart);
    REQUIRE(!apart.contiguous());
    const auto run = [&](const Tensor& x) {
      Tensor key = x.detach(), value = x.detach();
      key.set_requires_grad(true);
      value.set_requires_grad(true);
      const Tensor out = attn::scaled_dot_product_attention(q, key, value, {.enable_gqa = grouped});
      out.backward(attn::ones(out.shape()));
      return std::vector<Tensor>{out, key.grad(), value.grad()};
    };
    const std::vector<Tensor> got = run(apart), want = run(together);
    for (std::size_t i = 0; i < got.size(); ++i) check_same_bits(got[i], want[i]);
  };
  for (const Index T : {1, 6}) {  // by pieces of keys, and by blocks of queries
    CAPTURE(T);
    check({2, 3, T, 4}, attn::slice(random.tensor({2, 3, 9, 4}), 2, 0, 5));        // the filled part of a cache
    check({2, 6, T, 4}, attn::slice(random.tensor({2, 3, 9, 4}), 2, 0, 5), true);  // of fewer heads
    check({3, T, 4}, attn::slice(random.tensor({3, 9, 4}), 1, 2, 7));
    check({2, 3, T, 4}, attn::slice(random.tensor({2, 4, 5, 4}), 1, 0, 3));       // heads of more
    check({2, 3, T, 4}, attn::transpose(random.tensor({2, 5, 3, 4}), 1, 2));      // features split
    check({3, T, 4}, attn::transpose(random.tensor({5, 3, 4}), 0, 1));
    check({3, T, 2}, attn::transpose(attn::slice(random.tensor({3, 2, 10}), 2, 0, 5), 1, 2));
    check({3, T, 2}, random.tensor({60}).restrided({3, 5, 2}, {20, 2, 10}));  // rows side by side, features not
  }
}
