// What is dropped: how much, whether at random, and by what it is decided.
#include <algorithm>
#include <cmath>

#include "gradient_helpers.hpp"

using namespace test;
using attn::ErrorCode;

namespace {

double expected_pairs(Index pairs, double p) { return static_cast<double>(pairs) * p * p; }

/// Six deviations of a number of successes.
double six_deviations(Index n, double chance) { return 6 * std::sqrt(static_cast<double>(n) * chance * (1 - chance)); }

/// How many elements are 0 both here and `apart` further on.
Index pairs_dropped(const Tensor& x, Index apart) {
  Index count = 0;
  for (Index i = 0; i + apart < x.numel(); ++i) count += x.data()[i] == 0 && x.data()[i + apart] == 0;
  return count;
}

}  // namespace

TEST_CASE("dropout drops its share, scales the rest, and keeps the mean by that") {
  attn::manual_seed(1);
  const Index n = 200'000;
  for (const double p : {0.001, 0.1, 0.5, 0.9}) {
    CAPTURE(p);
    const Tensor out = attn::dropout(attn::full({n}, 3), p);
    const auto kept = static_cast<float>(3 * static_cast<double>(static_cast<float>(1 / (1 - p))));
    const Index dropped = std::ranges::count(out.values(), 0.0f);
    CHECK(std::abs(static_cast<double>(dropped) - static_cast<double>(n) * p) < six_deviations(n, p));
    CHECK(std::ranges::count(out.values(), kept) == n - dropped);
  }
}

TEST_CASE("which elements are dropped depends neither on their neighbours nor on the call before") {
  attn::manual_seed(2);
  const Index n = 200'000;
  const double p = 0.3;
  const Tensor first = attn::dropout(attn::ones({n}), p), second = attn::dropout(attn::ones({n}), p);
  for (const Index apart : {1, 2, 3, 4, 8, 16, 64, 512, 1024, 65536}) {
    CAPTURE(apart);
    const Index pairs = n - apart;
    CHECK(std::abs(static_cast<double>(pairs_dropped(first, apart)) - expected_pairs(pairs, p)) <
          six_deviations(pairs, p * p));
  }
  Index both = 0;
  for (Index i = 0; i < n; ++i) both += first.data()[i] == 0 && second.data()[i] == 0;
  CHECK(std::abs(static_cast<double>(both) - expected_pairs(n, p)) < six_deviations(n, p * p));
  // Near keys too; each half of a key counts.
  const auto drop = [&, ones = attn::ones({n})](std::uint64_t key) {
    const Tensor out = Tensor::empty({n});
    attn::ops::dropout(ones.view(), p, key, out.out());
    return out;
  };
  const Tensor zero = drop(0), one = drop(1), high = drop(std::uint64_t{1} << 32);
  both = 0;
  for (Index i = 0; i < n; ++i) both += zero.data()[i] == 0 && one.data()[i] == 0;
  CHECK(std::abs(static_cast<double>(both) - expected_pairs(n, p)) < six_deviations(n, p * p));
  CHECK(!std::ranges::equal(zero.values(), high.values()));
}

TEST_CASE("dropout is the same bits for any number of threads and every instruction set") {
  Random random(3);
  const Tensor x = random.tensor({100'003});
  const auto run = [&] {
    attn::manual_seed(3);
    return attn::dropout(x, 0.4);
  };
  const Tensor want = run();
  for (const int n : thread_counts()) {
    const Threads threads(n);
    check_same_bits(run(), want);
  }
  const std::string used = attn::instruction_set();
  for (const std::string& name : attn::instruction_sets()) {
    attn::set_instruction_set(name);
    check_same_bits(run(), want);
  }
  attn::set_instruction_set(used);
  check_same_bits(attn::dropout(x, 0), x);
  CHECK(!std::ranges::equal(attn::dropout(x, 0.4).values(), want.values()));  // the seed has moved on
}

TEST_CASE("the gradient passes where an element did, scaled alike") {
  attn::manual_seed(4);
  Random random(4);
  Tensor x = attn::ones({40, 50});
  x.set_requires_grad(true);
  const Tensor out = attn::dropout(attn::transpose(x, 0, 1), 0.25);
  out.backward(attn::ones({50, 40}));
  check_same_bits(attn::contiguous(attn::transpose(x.grad(), 0, 1)), out);
  x.set_grad({});
  attn::dropout(x, 1).backward(attn::full({40, 50}, kInf));
  check_all(
      x.grad(), [](float v) { return v == 0; }, "0");
}

TEST_CASE("gradients of dropout are its central differences") {
  Random random(5);
  for (const double p : {0.3, 1.0}) {
    attn::manual_seed(3);
    const Array kept = exact(attn::dropout(attn::ones({5, 30}), p));
    check_gradients(random, {random.tensor({5, 30})},
                    {[=](const std::vector<Tensor>& in) {
                       attn::manual_seed(3);
                       return attn::dropout(in[0], p);
                     },
                     [&](const std::vector<Array>& in) {
                       return reference::combine([](double a, double b) { return a * b; }, in[0], kept);
                     }},
                    4);
  }
}

TEST_CASE("with a chance of 0 everything stays, with 1 nothing, and no other number is one") {
  const Tensor x = tensor({1, kInf, kNan}, {3});
  check_values(attn::dropout(x, 0), {1, kInf, kNan});
  check_values(attn::dropout(x, 1), {0, 0, 0});
  for (const double p : {-0.1, 1.1, static_cast<double>(kNan)})
    check_error(ErrorCode::range, "dropout", {std::to_string(p)}, [&] { attn::dropout(x, p); });
  check_error(ErrorCode::type, "dropout", {"int32"}, [] { attn::dropout(integers({1}), 0.5); });
}
