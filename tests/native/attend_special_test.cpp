// Masked rows, NaN, infinity, zero vectors and sums that vanish: what is promised, element by element, on both paths.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;
using attn::AttendOptions;
using attn::ErrorCode;
using attn::Normalizer;
using attn::Score;

namespace {

bool is_nan(float x) { return std::isnan(x); }
bool is_number(float x) { return std::isfinite(x); }

/// T = 4 queries of S = 70 keys, more than a tile; scores above 0 for `sum`.
const Sizes special_sizes{{}, 4, 70, 5, 5, 9};

struct Path {
  const char* name;
  Function<Tensor(const Inputs&, const attn::Mask&)> run;
};
/// The plain path with every normaliser, and the fused one.
std::vector<Path> paths() {
  std::vector<Path> all{{"fused", [](const Inputs& in, const attn::Mask& mask) {
                           return attn::scaled_dot_product_attention(in.query, in.key, in.value, {mask});
                         }}};
  for (const Normalizer normalizer : all_normalizers)
    all.push_back({name_of(normalizer), [normalizer](const Inputs& in, const attn::Mask& mask) {
                     AttendOptions o;
                     o.normalizer = normalizer;
                     o.mask = mask;
                     return attn::attend(in.query, in.key, in.value, o).output;
                   }});
  return all;
}

void set_row(const Tensor& x, Index row, float value) {
  for (Index i = 0; i < x.size(-1); ++i) x.data()[row * x.size(-1) + i] = value;
}

Tensor row(const Tensor& x, Index i) { return attn::slice(x, 0, i, i + 1); }

}  // namespace

TEST_CASE("a fully masked row gives zeros, and its neighbours stay as they were") {
  Random random(1);
  const Inputs in = random_inputs(random, special_sizes, 0.1f);
  attn::Mask mask;
  mask.additive = attn::zeros({4, 70});
  set_row(mask.additive, 2, -kInf);
  for (const auto& path : paths()) {
    CAPTURE(path.name);
    const Tensor out = path.run(in, mask), free = path.run(in, {});
    check_all(
        row(out, 2), [](float x) { return x == 0; }, "0");
    for (const Index t : {0, 1, 3}) check_same_bits(row(out, t), row(free, t));
  }
  for (const Normalizer normalizer : all_normalizers) {
    AttendOptions o;
    o.normalizer = normalizer;
    o.mask = mask;
    check_all(
        row(attn::attend(in.query, in.key, in.value, o).weights, 2), [](float x) { return x == 0; }, "0");
  }
}

TEST_CASE("a masked key contributes nothing, whatever its rows hold") {
  Random random(2);
  const Inputs in = random_inputs(random, special_sizes, 0.1f);
  for (const Index s : {0, 1, 30, 64, 69})
    for (const float bad : {kNan, kInf, -kInf, 3e38f}) {
      CAPTURE(s);
      CAPTURE(bad);
      attn::Mask mask;
      mask.additive = attn::zeros({70});
      mask.additive.data()[s] = -kInf;
      Inputs spoilt{in.query, attn::contiguous(attn::transpose(attn::contiguous(attn::transpose(in.key, 0, 1)), 0, 1)),
                    attn::contiguous(attn::transpose(attn::contiguous(attn::transpose(in.value, 0, 1)), 0, 1))};
      set_row(spoilt.key, s, bad);
      set_row(spoilt.value, s, bad);
      for (const auto& path : paths()) {
        CAPTURE(path.name);
        check_same_bits(path.run(spoilt, mask), path.run(in, mask));
      }
    }
}

TEST_CASE("a masked key contributes nothing to any score, and causal, window and padding mask alike") {
  for (const Score score : all_scores) {
    CAPTURE(name_of(score));
    for (const char* kind : {"causal", "window", "padding"}) {
      CAPTURE(kind);
      Random random(3);
      const Sizes small{{}, 1, 5, 4, 4, 3};
      const Inputs in = random_inputs(random, small, 0.1f);
      AttendOptions o = random_options(random, small, score, 0.1f);
      o.mask = make_mask(random, small, kind);
      const attn::Attention clean = attn::attend(in.query, in.key, in.value, o);
      set_row(in.key, 4, kNan);
      set_row(in.value, 4, kInf);
      const attn::Attention spoilt = attn::attend(in.query, in.key, in.value, o);
      check_same_bits(clean.masked, spoilt.masked);
      check_same_bits(clean.weights, spoilt.weights);
      check_same_bits(clean.output, spoilt.output);
      if (score == Score::scaled_dot)
        check_all(attn::scaled_dot_product_attention(in.query, in.key, in.value, {o.mask}), is_number, "a number");
    }
  }
}

TEST_CASE("NaN in a lone query shows, though it may attend to the first of its pieces of keys alone") {
  Tensor q = attn::full({1, 1}, kNan);
  attn::Mask mask;
  mask.causal = true;
  for (const Index S : {10, 300, 1000})
    check_all(attn::scaled_dot_product_attention(q, attn::zeros({S, 1}), attn::ones({S, 1}), {mask}), is_nan, "NaN");
}

TEST_CASE("what a later tile outweighs is left out, an infinite value too, for queries in company as for one alone") {
  Tensor k = attn::zeros({200, 1}), v = attn::ones({200, 1});
  k.data()[150] = 1000;
  v.data()[0] = kInf;
  for (const Index T : {1, 5})
    check_all(
        attn::scaled_dot_product_attention(attn::ones({T, 1}), k, v), [](float x) { return x == 1; }, "1");
}

TEST_CASE("NaN in a query row makes that row of the output NaN, and no other") {
  Random random(4);
  for (const auto& path : paths()) {
    CAPTURE(path.name);
    const Inputs in = random_inputs(random, special_sizes, 0.1f);
    in.query.data()[2 * 5 + 3] = kNan;
    const Tensor out = path.run(in, {});
    for (const Index t : {0, 1, 2, 3}) check_all(row(out, t), t == 2 ? is_nan : is_number, t == 2 ? "NaN" : "a number");
  }
}

TEST_CASE("NaN in a key row makes NaN of every row that may attend to it") {
  Random random(5);
  attn::Mask mask;
  mask.causal = true;
  for (const auto& path : paths()) {
    CAPTURE(path.name);
    const Inputs in = random_inputs(random, special_sizes, 0.1f);
    in.key.data()[2 * 5] = kNan;
    const Tensor out = path.run(in, mask);
    for (const Index t : {0, 1, 2, 3}) check_all(row(out, t), t >= 2 ? is_nan : is_number, t >= 2 ? "NaN" : "a number");
  }
  for (const Normalizer normalizer : all_normalizers) {
    const Inputs in = random_inputs(random, special_sizes, 0.1f);
    in.key.data()[66 * 5] = kNan;
    AttendOptions o;
    o.normalizer = normalizer;
    const attn::Attention out = attn::attend(in.query, in.key, in.value, o);
    check_all(out.weights, is_nan, "NaN");
    check_all(out.output, is_nan, "NaN");
  }
}

TEST_CASE("NaN in a value makes NaN of that feature, in every row that may attend to it") {
  Random random(6);
  attn::Mask mask;
  mask.causal = true;
  for (const auto& path : paths()) {
    if (std::string(path.name) == "sparsemax") continue;  // may give the key no weight at all
    CAPTURE(path.name);
    const Inputs in = random_inputs(random, special_sizes, 0.1f);
    in.value.data()[2 * 9 + 4] = kNan;
    const Tensor out = path.run(in, mask);
    for (Index t = 0; t < 4; ++t)
      for (Index d = 0; d < 9; ++d)
        if (is_nan(out.data()[t * 9 + d]) != (t >= 2 && d == 4)) FAIL_CHECK("row " << t << " feature " << d);
  }
}

TEST_CASE("a score of +inf, like NaN, leaves no weights") {
  const Tensor q = attn::ones({1, 1}), k = tensor({0, kInf}, {2, 1}), v = attn::ones({2, 3});
  for (const auto& path : paths()) {
    CAPTURE(path.name);
    check_all(path.run({q, k, v}, {}), is_nan, "NaN");
  }
}

TEST_CASE("scores of 10000 neither overflow nor lose the winner") {
  for (const Index S : {2, 64, 65, 200}) {
    CAPTURE(S);
    Tensor k = attn::full({S, 1}, -1e4f), v = attn::zeros({S, 1});
    k.data()[S - 1] = 1e4f;
    v.data()[S - 1] = 1;
    check_values(attn::scaled_dot_product_attention(attn::ones({1, 1}), k, v), {1});
    for (const Normalizer normalizer : {Normalizer::softmax, Normalizer::sparsemax}) {
      AttendOptions o;
      o.normalizer = normalizer;
      check_values(attn::attend(attn::ones({1, 1}), k, v, o).output, {1});
    }
    // All scores far below 0: nothing may underflow to an empty row.
    check_values(
        attn::scaled_dot_product_attention(attn::full({1, 1}, -1), attn::full({S, 1}, 1e4f), attn::ones({S, 1})), {1});
  }
}

TEST_CASE("a zero vector has a normed score of 0") {
  const Tensor zero = attn::zeros({1, 3}), one = attn::ones({2, 3}), v = attn::ones({2, 1}),
               mixed = tensor({0, 0, 0, 1, 1, 1}, {2, 3});
  for (const Score score : {Score::cosine, Score::sqrt_norm}) {
    AttendOptions o;
    o.score = score;
    check_values(attn::attend(zero, one, v, o).scores, {0, 0});
    check_values(attn::attend(row(one, 0), attn::zeros({2, 3}), v, o).scores, {0, 0});
    CHECK(attn::attend(row(one, 0), mixed, v, o).scores.data()[0] == 0);
    CHECK(attn::attend(row(one, 0), mixed, v, o).scores.data()[1] > 0.9f);
  }
}

TEST_CASE("sum divides negative scores, and says where nothing is left to divide by") {
  const auto run = [](std::initializer_list<float> keys, const attn::Mask& mask = {}) {
    AttendOptions o;
    o.score = Score::dot;
    o.normalizer = Normalizer::sum;
    o.mask = mask;
    const auto n = static_cast<Index>(keys.size());
    return attn::attend(attn::ones({1, 1}), tensor(keys, {n, 1}), attn::ones({n, 1}), o).weights;
  };
  check_values(run({-1, -3}), {0.25f, 0.75f});
  check_values(run({-1, 5}), {-0.25f, 1.25f});
  check_values(run({0, 2}), {0, 1});
  check_values(run({0x1p-140f, 0x3p-140f}), {0.25f, 0.75f});  // 1/Σ is beyond float32
  const auto vanishes = [&](std::initializer_list<float> keys, const attn::Mask& mask = {}) {
    check_error(ErrorCode::range, "attend", {"sum", "row 0"}, [&] { run(keys, mask); });
  };
  vanishes({1, -1});
  vanishes({0, 0, 0});
  vanishes({0});
  vanishes({0.1f, 0.2f, -0.3f});  // 7e-9 is left, of rounding alone
  vanishes({1000, 1e-4f, -1000});
  check_values(run({1, 0, -0.5f}), {2, 0, -1});
  // Masked keys are not in the sum, neither to rescue it nor to spoil it.
  attn::Mask mask;
  mask.lengths = integers({2});
  vanishes({1, -1, 5}, mask);
  check_values(run({1, 3, -4}, mask), {0.25f, 0.75f, 0});
  mask.lengths = integers({0});
  check_values(run({1, -1}, mask), {0, 0});
}

TEST_CASE("of many rows whose sum vanishes the first is named, with any number of threads") {
  const Tensor k = tensor({1, -1}, {2, 1}), v = attn::ones({2, 1});
  AttendOptions o;
  o.score = Score::location;
  o.normalizer = Normalizer::sum;
  o.weight = tensor({1, -1}, {2, 1});
  o.bias = attn::zeros({2});
  for (const int n : thread_counts()) {
    const Threads threads(n);
    check_error(ErrorCode::range, "attend", {"row 0 ", "[3,20000,2]"}, [&] {
      attn::attend(attn::ones({3, 20000, 1}), attn::stack({k, k, k}, 0), attn::stack({v, v, v}, 0), o);
    });
  }
}

TEST_CASE("a sum that is small beside its many terms, but more than rounding, is no reason to refuse") {
  AttendOptions o;
  o.score = Score::dot;
  o.normalizer = Normalizer::sum;
  const Index S = 100000;
  Tensor keys = Random(9).tensor({S, 1});
  double total = 0;
  for (const float x : keys.values()) total += static_cast<double>(x);
  const attn::Attention a = attn::attend(attn::ones({1, 1}), keys, attn::ones({S, 1}), o);
  // Each weight passes the division's rounding and the sum's: the float lanes' two and the double's, of Σ|e| beside
  // |Σe|.
  const double condition = 0.5 * static_cast<double>(S) / std::abs(total);
  for (const Index s : {Index{0}, S / 2, S - 1}) {
    const double want = static_cast<double>(keys.data()[s]) / total;
    CHECK(std::abs(static_cast<double>(a.weights.data()[s]) - want) <=
          std::abs(want) * tolerance::rounding * (3 + 3 * condition));
  }
  // Equal terms never vanish, however many.
  CHECK(attn::attend(attn::ones({1, 1}), attn::ones({2000000, 1}), attn::ones({2000000, 1}), o).weights.data()[0] ==
        1 / 2e6f);
}

TEST_CASE("a factor that float32 cannot hold is refused") {
  const Tensor x = attn::ones({2, 2});
  AttendOptions o;
  o.temperature = 1e-40;
  check_error(ErrorCode::range, "attend", {"scale / temperature"}, [&] { attn::attend(x, x, x, o); });
  o.temperature = 1;
  o.scale = 1e300;
  check_error(ErrorCode::range, "attend", {"scale / temperature"}, [&] { attn::attend(x, x, x, o); });
  check_error(ErrorCode::range, "scaled_dot_product_attention", {"scale"}, [&] {
    attn::scaled_dot_product_attention(x, x, x, {{}, 1e300});
  });
}

TEST_CASE("what a later tile outweighs altogether leaves nothing behind on the fused path, an infinite value neither") {
  Tensor k = attn::zeros({65, 1}), v = attn::ones({65, 1});
  k.data()[64] = 1000;
  v.data()[0] = kInf;
  check_values(attn::scaled_dot_product_attention(attn::ones({1, 1}), k, v), {1});
  check_values(attn::attend(attn::ones({1, 1}), k, v).output, {1});
}

TEST_CASE("no tensor at all is an error, and no crash") {
  const Tensor x = attn::ones({2, 2});
  check_error(ErrorCode::type, "attend", {"got none"}, [&] { attn::attend(Tensor(), x, x); });
  check_error(ErrorCode::type, "scaled_dot_product_attention", {"got none"},
              [&] { attn::scaled_dot_product_attention(x, Tensor(), x); });
  check_error(ErrorCode::type, "exp", {"got none"}, [] { attn::unary(attn::ops::Unary::exp, Tensor()); });
  check_error(ErrorCode::type, "add", {"got none"}, [&] { attn::binary(attn::ops::Binary::add, x, Tensor()); });
  check_error(ErrorCode::type, "sum", {"got none"}, [] { attn::reduce(attn::ops::Reduction::sum, Tensor()); });
}
