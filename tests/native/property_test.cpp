// Several hundred random cases of everything, all against the reference; a failure names its case, which a seed
// repeats.
#include <cmath>

#include "attention_helpers.hpp"

using namespace test;

namespace {

template <class T, std::size_t N>
T pick(Random& random, const T (&choices)[N]) {
  return choices[random.integer(0, static_cast<Index>(N) - 1)];
}

Sizes random_sizes(Random& random, attn::Score score, Index largest) {
  Sizes s{{}, random.integer(1, largest), random.integer(1, largest), 0, 0, 0};
  const Index rank = random.integer(2, 4);
  for (Index i = 2; i < rank; ++i) s.leading.push_back(random.integer(1, 3));
  if (rank < 4 && random.chance(0.5)) s.heads = random.integer(2, 4);
  s.Dq = s.heads * random.integer(1, largest / s.heads);
  s.Dv = s.heads * random.integer(1, largest / s.heads);
  const bool free = score == attn::Score::general || score == attn::Score::additive || score == attn::Score::location;
  s.Dk = free ? s.heads * random.integer(1, largest / s.heads) : s.Dq;
  return s;
}

}  // namespace

TEST_CASE("300 random attentions agree with the reference") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(1000 + seed);
    const attn::Score score = pick(random, all_scores);
    const attn::Normalizer normalizer = pick(random, all_normalizers);
    const char* kind = pick(random, all_masks);
    const Sizes sizes = random_sizes(random, score, seed % 10 == 0 ? 40 : 16);
    CAPTURE(to_string(sizes));
    CAPTURE(name_of(score));
    CAPTURE(name_of(normalizer));
    CAPTURE(kind);
    const float low = normalizer == attn::Normalizer::sum ? 0.1f : -1.0f;
    attn::AttendOptions o = random_options(random, sizes, score, low);
    o.normalizer = normalizer;
    o.mask = make_mask(random, sizes, kind);
    if (o.mask.window) o.mask.window = random.integer(0, 10);
    if (random.chance(0.3)) o.scale = static_cast<double>(random.uniform(0.1f, 2));
    if (random.chance(0.3)) o.temperature = static_cast<double>(random.uniform(0.5f, 3));
    check_attend(random_inputs(random, sizes, low), o);
  }
}

TEST_CASE("200 random fused attentions agree with the reference and the plain path") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(2000 + seed);
    Sizes sizes = random_sizes(random, attn::Score::dot, 40);
    sizes.heads = 1;
    if (seed % 4 == 0) sizes.S = random.integer(41, 300);
    CAPTURE(to_string(sizes));
    const char* kind = pick(random, all_masks);
    CAPTURE(kind);
    attn::Mask mask = make_mask(random, sizes, kind);
    if (mask.window) mask.window = random.integer(0, 40);
    std::optional<double> scale;
    if (random.chance(0.3)) scale = static_cast<double>(random.uniform(-2, 2));
    const float size = random.chance(0.2) ? 30.0f : 1.0f;
    check_fused(random_inputs(random, sizes, -size, size), mask, scale);
  }
}

TEST_CASE("random fused attentions of sizes up to 200, of any layout, at any number of threads") {
  for (std::uint64_t seed = 0; seed < share_of<std::uint64_t>(60); ++seed) {
    CAPTURE(seed);
    Random random(6000 + seed);
    const Sizes sizes{random.chance(0.5) ? Shape{} : Shape{random.integer(1, 3)},
                      random.integer(1, 200),
                      random.integer(1, 200),
                      0,
                      0,
                      0};
    const Index D = random.integer(1, 200), Dv = random.integer(1, 200);
    CAPTURE(to_string(sizes));
    CAPTURE(D);
    CAPTURE(Dv);
    attn::Mask mask = make_mask(random, sizes, pick(random, all_masks));
    if (mask.window) mask.window = random.integer(0, 200);
    // Windows into larger tensors, the features before the rows or behind them.
    const auto view = [&](Index rows, Index features) {
      const Index left = random.integer(0, 17);
      const bool turned = random.chance(0.5);
      Shape shape = sizes.leading;
      shape.insert(shape.end(), {turned ? left + features : rows, turned ? rows : left + features});
      const Tensor window = attn::slice(random.tensor(shape), turned ? -2 : -1, left, left + features);
      return turned ? attn::transpose(window, -1, -2) : window;
    };
    const Inputs in{view(sizes.T, D), view(sizes.S, D), view(sizes.S, Dv)};
    const std::vector<int> counts = thread_counts();
    const Threads threads(counts[static_cast<std::size_t>(random.integer(0, static_cast<Index>(counts.size()) - 1))]);
    check_fused(in, mask,
                random.chance(0.3) ? std::optional(static_cast<double>(random.uniform(-1, 1))) : std::nullopt);
  }
}

TEST_CASE("200 random products, rows and sums agree with the reference") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(3000 + seed);
    const Index m = random.integer(1, 40), k = random.integer(1, 40), n = random.integer(1, 40);
    const Tensor a = random.tensor({m, k}, -10, 10), b = attn::transpose(random.tensor({n, k}, -10, 10), 0, 1);
    check_close(attn::matmul(a, b), reference::matmul(exact(a), exact(b)), tolerance::matmul(exact(a), exact(b)));
    const Array rows = exact(a), weights = reference::softmax(rows);
    check_close(attn::softmax(a, 1), weights, tolerance::softmax(rows, weights));
    const auto abs = [](double v) { return std::abs(v); };
    check_close(attn::reduce(attn::ops::Reduction::sum, a, 0), reference::sum(rows, 0),
                tolerance::sum(static_cast<double>(m), reference::sum(reference::map(abs, rows), 0)));
    // Random operands that broadcast to each other.
    Shape x, y;
    for (Index d = random.integer(1, 4); d > 0; --d) {
      const Index size = random.integer(1, 9);
      x.push_back(random.chance(0.3) ? 1 : size);
      y.push_back(random.chance(0.3) ? 1 : size);
    }
    if (random.chance(0.3)) x.erase(x.begin());
    const Tensor p = random.tensor(x), q = random.tensor(y);
    const Array want = reference::combine([](double u, double v) { return u * v; }, exact(p), exact(q));
    check_close(attn::binary(attn::ops::Binary::mul, p, q), want, tolerance::sum(1, reference::map(abs, want)));
  }
}
