// The backward pass of fused attention: against gradients written down in double, and these against central
// differences.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;

namespace {

struct Gradients {
  Array query, key, value;
};

/// dV = Wᵀ·dO, dS = W∘(dO·Vᵀ - Σ dO∘O), dQ = scale·dS·K, dK = scale·dSᵀ·Q, and for each how far float32 may be off.
struct Expected {
  Gradients exact, bound;
};

/// Head p of the query reads head p / group of key and value.
Expected expected(const Array& q, const Array& k, const Array& v, const reference::Attention& forward, double scale,
                  const Array& dO, Index group) {
  const Index T = q.shape[q.shape.size() - 2], D = q.shape.back(), S = k.shape[k.shape.size() - 2], Dv = v.shape.back();
  const double u = tolerance::rounding;
  Expected e;
  for (Gradients* g : {&e.exact, &e.bound})
    *g = {reference::filled(q.shape, 0), reference::filled(k.shape, 0), reference::filled(v.shape, 0)};
  for (Index row = 0; row < q.size() / D; ++row) {
    const Index p = row / T, kv = p / group * S;
    double delta = 0, magnitude = 0;
    for (Index i = 0; i < Dv; ++i) delta += dO[row * Dv + i] * forward.output[row * Dv + i];
    for (Index i = 0; i < Dv; ++i) magnitude += std::abs(dO[row * Dv + i] * forward.output[row * Dv + i]);
    // A weight: its score and the log-sum-exp that it is measured from (both sums of D products, both near the largest
    // score), exp, and the sum of S of them.
    double score = 0, values = 0;
    for (Index s = 0; s < S; ++s) {
      double sum = 0, weighted = 0;
      for (Index i = 0; i < D; ++i) sum += std::abs(scale * q[row * D + i] * k[(kv + s) * D + i]);
      for (Index i = 0; i < Dv; ++i) weighted += std::abs(dO[row * Dv + i] * v[(kv + s) * Dv + i]);
      score = std::max(score, sum);
      values += forward.weights[row * S + s] * weighted;
    }
    const double weight_off = std::expm1(2 * static_cast<double>(D + 4) * u * score +
                                         static_cast<double>(2 * S + 8) * u + 4 * tolerance::function);
    for (Index s = 0; s < S; ++s) {
      const double w = forward.weights[row * S + s];
      if (w == 0) continue;
      double dP = 0, dP_magnitude = 0;
      for (Index i = 0; i < Dv; ++i) dP += dO[row * Dv + i] * v[(kv + s) * Dv + i];
      for (Index i = 0; i < Dv; ++i) dP_magnitude += std::abs(dO[row * Dv + i] * v[(kv + s) * Dv + i]);
      const double dS = w * (dP - delta);
      const double off = w * (weight_off * (std::abs(dP - delta) + values) +
                              static_cast<double>(Dv + 3) * u * (dP_magnitude + magnitude + values));
      const auto add = [&](Array& exact, Array& bound, Index at, double x, double x_off, double factor, Index terms) {
        exact[at] += x * factor;
        bound[at] += (x_off + static_cast<double>(terms + 3) * u * std::abs(x)) * std::abs(factor);
      };
      for (Index i = 0; i < D; ++i) {
        add(e.exact.query, e.bound.query, row * D + i, dS, off, scale * k[(kv + s) * D + i], S);
        add(e.exact.key, e.bound.key, (kv + s) * D + i, dS, off, scale * q[row * D + i], T * group);
      }
      for (Index i = 0; i < Dv; ++i)
        add(e.exact.value, e.bound.value, (kv + s) * Dv + i, w, w * weight_off, dO[row * Dv + i], T * group);
    }
  }
  for (Array* bound : {&e.bound.query, &e.bound.key, &e.bound.value})
    for (double& b : bound->data) b += tolerance::tiny;
  return e;
}

double scale_of(const Inputs& in, std::optional<double> scale) {
  return scale.value_or(1 / std::sqrt(static_cast<double>(in.query.size(-1))));
}

void check_backward(Random& random, const Inputs& in, const attn::Mask& mask = {}, std::optional<double> scale = {}) {
  const reference::Attention want =
      reference::scaled_dot_product_attention(exact(in.query), exact(in.key), exact(in.value), exact(mask), scale);
  const attn::SdpaOptions options{mask, scale};
  const attn::FusedAttention forward = attn::fused_attention(in.query, in.key, in.value, options);
  const Tensor gradient = random.tensor(forward.output.shape());
  const attn::AttentionGradients got =
      attn::fused_attention_backward(in.query, in.key, in.value, options, forward, gradient);
  const Expected e =
      expected(exact(in.query), exact(in.key), exact(in.value), want, scale_of(in, scale), exact(gradient), 1);
  check_close(got.query, e.exact.query, e.bound.query);
  check_close(got.key, e.exact.key, e.bound.key);
  check_close(got.value, e.exact.value, e.bound.value);
}

}  // namespace

TEST_CASE("the written-down gradients of attention are those of central differences") {
  Random random(1);
  const Sizes sizes{{}, 3, 4, 5, 5, 2};
  for (const char* kind : all_masks) {
    CAPTURE(kind);
    const Inputs in = random_inputs(random, sizes);
    const attn::Mask mask = make_mask(random, sizes, kind);
    Array x[3] = {exact(in.query), exact(in.key), exact(in.value)};
    const Array dO = exact(random.tensor({3, 2}));
    const auto forward = [&] { return reference::scaled_dot_product_attention(x[0], x[1], x[2], exact(mask), 0.7); };
    const Gradients g = expected(x[0], x[1], x[2], forward(), 0.7, dO, 1).exact;
    const Array* gradients[3] = {&g.query, &g.key, &g.value};
    for (int which = 0; which < 3; ++which)
      for (Index i = 0; i < x[which].size(); ++i) {
        const auto loss = [&](double step) {
          const double before = x[which][i];
          x[which][i] += step;
          const Array out = forward().output;
          x[which][i] = before;
          double sum = 0;
          for (Index j = 0; j < out.size(); ++j) sum += out[j] * dO[j];
          return sum;
        };
        constexpr double h = 1e-5;  // its square times the third derivative, and 1e-16 / h of rounding, stay below 1e-9
        CHECK(std::abs((loss(h) - loss(-h)) / (2 * h) - (*gradients[which])[i]) <= 1e-9);
      }
  }
}

TEST_CASE("gradients at the edges of the tiles and blocks") {
  Random random(2);
  for (const Index S : {0, 1, 2, 3, 31, 95, 96, 97, 192, 300})
    for (const Index T : {1, 2, 3, 4, 11, 12, 13, 64, 65, 130}) {  // fewer than 4 queries leave their lse by pieces
      CAPTURE(S);
      CAPTURE(T);
      check_backward(random, random_inputs(random, {{}, T, S, 5, 5, 3}));
    }
  for (const Index n : sizes_around_lanes()) {
    if (n == 0) continue;
    CAPTURE(n);
    check_backward(random, random_inputs(random, {{}, 9, 40, n, n, 3}));
    check_backward(random, random_inputs(random, {{}, 9, 40, 3, 3, n}));
  }
}

TEST_CASE("gradients under every mask, in every rank") {
  Random random(3);
  for (const Sizes& sizes :
       {Sizes{{}, 70, 140, 4, 4, 5}, {{3}, 5, 66, 4, 4, 5}, {{2, 3}, 3, 70, 4, 4, 2}, {{}, 70, 9, 4, 4, 5}}) {
    CAPTURE(to_string(sizes));
    for (const char* kind : all_masks) {
      CAPTURE(kind);
      check_backward(random, random_inputs(random, sizes), make_mask(random, sizes, kind), 0.3);
    }
  }
}

TEST_CASE("gradients of random attentions of sizes up to 200") {
  for (std::uint64_t seed = 0; seed < share_of<std::uint64_t>(30); ++seed) {
    CAPTURE(seed);
    Random random(7000 + seed);
    const Index D = random.integer(1, 200);
    const Sizes sizes{{}, random.integer(1, 200), random.integer(1, 200), D, D, random.integer(1, 200)};
    CAPTURE(to_string(sizes));
    check_backward(random, random_inputs(random, sizes),
                   make_mask(random, sizes, all_masks[seed % std::size(all_masks)]));
  }
}

TEST_CASE("keys split over pieces give the same gradients, to rounding and in bits with any number of threads") {
  Random random(4);
  const Inputs in = random_inputs(random, {{}, 40, 1100, 8, 8, 6});
  check_backward(random, in);
  const attn::FusedAttention forward = attn::fused_attention(in.query, in.key, in.value);
  const Tensor gradient = random.tensor(forward.output.shape());
  const auto run = [&] { return attn::fused_attention_backward(in.query, in.key, in.value, {}, forward, gradient); };
  const attn::AttentionGradients one = run();
  for (const int n : thread_counts()) {
    const Threads threads(n);
    const attn::AttentionGradients many = run();
    check_same_bits(one.query, many.query);
    check_same_bits(one.key, many.key);
    check_same_bits(one.value, many.value);
  }
}

TEST_CASE("a masked key has no gradient and gives none, NaN or not") {
  Random random(5);
  Inputs in = random_inputs(random, {{}, 30, 120, 6, 6, 5});
  attn::Mask mask;
  mask.additive = attn::zeros({120});
  mask.additive.data()[50] = -kInf;
  const Tensor gradient = random.tensor({30, 5});
  const auto run = [&] {
    const attn::FusedAttention forward = attn::fused_attention(in.query, in.key, in.value, {mask});
    return attn::fused_attention_backward(in.query, in.key, in.value, {mask}, forward, gradient);
  };
  const attn::AttentionGradients clean = run();
  for (Index i = 0; i < 6; ++i) in.key.data()[50 * 6 + i] = kNan;
  for (Index i = 0; i < 5; ++i) in.value.data()[50 * 5 + i] = kInf;
  const attn::AttentionGradients dirty = run();
  check_same_bits(clean.query, dirty.query);
  check_same_bits(clean.key, dirty.key);
  check_same_bits(clean.value, dirty.value);
  check_all(
      attn::slice(dirty.key, 0, 50, 51), [](float x) { return x == 0; }, "0");
}

TEST_CASE("grouped heads: forward as if keys were repeated, gradients summed over the group") {
  Random random(6);
  for (const Index T : {1, 3, 40}) {
    CAPTURE(T);
    const Index B = 2, H = 6, G = 2, S = 50, D = 8, Dv = 5;
    const Tensor q = random.tensor({B, H, T, D}), k = random.tensor({B, G, S, D}), v = random.tensor({B, G, S, Dv});
    std::vector<Tensor> keys, values;
    for (Index h = 0; h < H; ++h) {
      keys.push_back(attn::slice(k, 1, h / (H / G), h / (H / G) + 1));
      values.push_back(attn::slice(v, 1, h / (H / G), h / (H / G) + 1));
    }
    const Tensor all_keys = attn::cat(keys, 1), all_values = attn::cat(values, 1);
    attn::SdpaOptions options;
    options.mask.causal = T > 1;
    options.enable_gqa = true;
    const attn::FusedAttention forward = attn::fused_attention(q, k, v, options);
    check_same_bits(forward.output, attn::scaled_dot_product_attention(q, all_keys, all_values, {options.mask}));
    const Tensor gradient = random.tensor(forward.output.shape());
    const attn::AttentionGradients got = attn::fused_attention_backward(q, k, v, options, forward, gradient);
    const reference::Attention want =
        reference::scaled_dot_product_attention(exact(q), exact(all_keys), exact(all_values), exact(options.mask), {});
    const Expected e =
        expected(exact(q), exact(k), exact(v), want, 1 / std::sqrt(static_cast<double>(D)), exact(gradient), H / G);
    check_close(got.query, e.exact.query, e.bound.query);
    check_close(got.key, e.exact.key, e.bound.key);
    check_close(got.value, e.exact.value, e.bound.value);
  }
  const Tensor q = attn::zeros({1, 6, 2, 4});
  const auto fails = [&](const Shape& k, const Shape& v) {
    check_error(attn::ErrorCode::shape, "scaled_dot_product_attention", {"[1,6,2,4]"},
                [&] { attn::scaled_dot_product_attention(q, attn::zeros(k), attn::zeros(v), {.enable_gqa = true}); });
  };
  check_error(attn::ErrorCode::shape, "scaled_dot_product_attention", {"[1,0,4,8]", "[1,2,4,8]"}, [] {
    attn::fused_attention(attn::zeros({1, 0, 4, 8}), attn::zeros({1, 2, 4, 8}), attn::zeros({1, 2, 4, 8}), {.enable_gqa = true});
  });
  fails({1, 4, 3, 4}, {1, 4, 3, 4});
  fails({2, 3, 3, 4}, {2, 3, 3, 4});
}

TEST_CASE("the backward pass refuses what is not of its forward pass") {
  Random random(8);
  const Inputs in = random_inputs(random, {{}, 5, 6, 4, 4, 3});
  const attn::FusedAttention forward = attn::fused_attention(in.query, in.key, in.value);
  const auto run = [&](const attn::FusedAttention& given, const Tensor& gradient) {
    attn::fused_attention_backward(in.query, in.key, in.value, {}, given, gradient);
  };
  constexpr const char* op = "scaled_dot_product_attention_backward";
  check_error(attn::ErrorCode::shape, op, {"[5,3]", "[4,3]"}, [&] { run(forward, attn::zeros({4, 3})); });
  check_error(attn::ErrorCode::shape, op, {"[6]"}, [&] {
    run({forward.output, attn::zeros({6})}, attn::zeros({5, 3}));
  });
  check_error(attn::ErrorCode::type, op, {"none"}, [&] { run({forward.output, {}}, attn::zeros({5, 3})); });
}

TEST_CASE("the log-sum-exp is that of the masked scores") {
  Random random(7);
  for (const Index T : {3, 20})
    for (const char* kind : all_masks) {
      const Sizes sizes{{2}, T, 300, 6, 6, 4};
      CAPTURE(T);
      CAPTURE(kind);
      const Inputs in = random_inputs(random, sizes);
      const attn::Mask mask = make_mask(random, sizes, kind);
      const reference::Attention want =
          reference::scaled_dot_product_attention(exact(in.query), exact(in.key), exact(in.value), exact(mask), {});
      const Tensor lse = attn::fused_attention(in.query, in.key, in.value, {mask}).lse;
      for (Index row = 0; row < 2 * T; ++row) {
        double sum = 0;
        for (Index s = 0; s < 300; ++s) sum += std::exp(want.masked[row * 300 + s]);
        const float got = lse.data()[row];
        if (sum == 0)
          CHECK(got == -kInf);
        else  // the scores' own rounding, the sum's, and the logarithm's
          CHECK(std::abs(static_cast<double>(got) - std::log(sum)) <= (300 + 6 + 20) * tolerance::rounding * 6);
      }
    }
}
