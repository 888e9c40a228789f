// The same bits from every threaded operator, whatever the number of threads.
#include "attention_helpers.hpp"

using namespace test;

namespace {

/// run with one thread, then with 2, 3, 4 and 8. Sizes are such that every operator has several pieces of work.
void check_threads(const char* what, const Function<std::vector<Tensor>()>& run) {
  CAPTURE(what);
  std::vector<Tensor> first;
  for (const int n : thread_counts()) {
    CAPTURE(n);
    const Threads threads(n);
    const std::vector<Tensor> out = run();
    if (first.empty()) first = out;
    REQUIRE(out.size() == first.size());
    for (std::size_t i = 0; i < out.size(); ++i) check_same_bits(attn::contiguous(out[i]), attn::contiguous(first[i]));
  }
}

}  // namespace

TEST_CASE("elementwise operators, reductions and products give the same bits with any number of threads") {
  Random random(1);
  const Tensor x = random.tensor({300, 211}), y = random.tensor({211});
  check_threads("exp", [&] { return std::vector{attn::unary(attn::ops::Unary::exp, x)}; });
  check_threads("exp of a transposed tensor",
                [&] { return std::vector{attn::unary(attn::ops::Unary::exp, attn::transpose(x, 0, 1))}; });
  check_threads("mul", [&] { return std::vector{attn::binary(attn::ops::Binary::mul, x, y)}; });
  check_threads("masked_fill", [&] { return std::vector{attn::masked_fill(x, y, 2)}; });
  check_threads("copy", [&] { return std::vector{attn::contiguous(attn::transpose(x, 0, 1))}; });
  const Tensor rows = attn::zeros({400}, attn::DType::int32);
  for (Index i = 0; i < 400; ++i) rows.data<std::int32_t>()[i] = static_cast<std::int32_t>(i * 7 % 300);
  check_threads("index", [&] { return std::vector{attn::index(x, rows)}; });
  check_threads("sum", [&] {
    return std::vector{attn::reduce(attn::ops::Reduction::sum, x, 1), attn::reduce(attn::ops::Reduction::sum, x, 0)};
  });
  check_threads("max", [&] { return std::vector{attn::reduce(attn::ops::Reduction::max, x, 1)}; });
  check_threads("softmax", [&] {
    return std::vector{attn::softmax(x, 1), attn::softmax(x, 0), attn::log_softmax(x, 1)};
  });
  check_threads("entropy", [&] { return std::vector{attn::entropy(attn::softmax(x, 1))}; });
  check_threads("matmul", [&] { return std::vector{attn::matmul(x, attn::transpose(x, 0, 1))}; });
  check_threads("batched matmul", [&] {
    return std::vector{attn::matmul(attn::reshape(x, {3, 100, 211}), attn::reshape(x, {3, 211, 100}))};
  });
  check_threads("conv1d", [&] {
    return std::vector{
        attn::conv1d(attn::reshape(x, {2, 30, 1055}), attn::reshape(attn::slice(y, 0, 0, 180), {2, 30, 3}))};
  });
  check_threads("sinusoidal", [&] { return std::vector{attn::sinusoidal(700, 64)}; });
}

TEST_CASE("fused attention and the norms give the same bits with any number of threads") {
  Random random(3);
  for (const Index T : {1, 3, 150, 400})
    for (const char* kind : {"none", "causal", "causal+padding"}) {
      const Sizes sizes{{2}, T, 700, 20, 20, 20};
      const Inputs in = random_inputs(random, sizes);
      attn::SdpaOptions options;
      options.mask = make_mask(random, sizes, kind);
      check_threads(kind, [&] {
        const attn::FusedAttention out = attn::fused_attention(in.query, in.key, in.value, options);
        return std::vector{out.output, out.lse};
      });
    }
  const Tensor x = random.tensor({500, 130}), w = random.tensor({130}), tall = random.tensor({700, 130});
  check_threads("norms", [&] {
    return std::vector{attn::layer_norm(x, w, w), attn::rms_norm(x, w), attn::log_sum_exp(x, 1)};
  });
  check_threads("vectors", [&] {
    return std::vector{attn::matmul(tall, w), attn::matmul(w, attn::transpose(tall, 0, 1))};
  });
}

TEST_CASE("attention gives the same bits with any number of threads") {
  Random random(2);
  const Sizes sizes{{3}, 90, 80, 12, 12, 10, 2};
  const Inputs in = random_inputs(random, sizes, 0.1f);
  for (const attn::Score score : all_scores)
    for (const attn::Normalizer normalizer : all_normalizers) {
      attn::AttendOptions o = random_options(random, sizes, score, 0.1f);
      o.normalizer = normalizer;
      o.mask = make_mask(random, sizes, "causal+padding");
      check_threads(name_of(score), [&] {
        const attn::Attention out = attn::attend(in.query, in.key, in.value, o);
        return std::vector{out.scores, out.scaled, out.masked, out.weights, out.output};
      });
    }
  check_threads("fused", [&] { return std::vector{attn::scaled_dot_product_attention(in.query, in.key, in.value)}; });
  const attn::MultiHeadWeights w{random.tensor({36, 12}), random.tensor({36}), random.tensor({12, 12}),
                                 random.tensor({12})};
  check_threads("multi-head", [&] {
    const auto out = attn::multi_head_attention_forward(in.query, in.key, in.key, 3, w);
    return std::vector{out.output, out.weights};
  });
}
