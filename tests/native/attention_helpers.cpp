#include "attention_helpers.hpp"

#include <algorithm>
#include <cmath>

namespace test {
namespace {

reference::Score exact(attn::Score score) {
  switch (score) {
    case attn::Score::dot: return reference::Score::dot;
    case attn::Score::scaled_dot: return reference::Score::scaled_dot;
    case attn::Score::sqrt_norm: return reference::Score::sqrt_norm;
    case attn::Score::cosine: return reference::Score::cosine;
    case attn::Score::general: return reference::Score::general;
    case attn::Score::additive: return reference::Score::additive;
    case attn::Score::location: break;
  }
  return reference::Score::location;
}

reference::Normalizer exact(attn::Normalizer normalizer) {
  switch (normalizer) {
    case attn::Normalizer::softmax: return reference::Normalizer::softmax;
    case attn::Normalizer::sum: return reference::Normalizer::sum;
    case attn::Normalizer::double_softmax: return reference::Normalizer::double_softmax;
    case attn::Normalizer::sparsemax: break;
  }
  return reference::Normalizer::sparsemax;
}

Shape joined(Shape front, std::initializer_list<Index> back) {
  front.insert(front.end(), back);
  return front;
}

Tensor additive_mask(Random& random, const Shape& shape) {
  Tensor mask = random.tensor(shape, 0, 1);
  for (float& v : mask.values())
    if (random.chance(0.3)) v = -kInf;
  return mask;
}

}  // namespace

reference::Mask exact(const attn::Mask& mask) {
  reference::Mask out{mask.causal, mask.window, {}, exact(mask.additive)};
  if (mask.lengths.defined())
    for (const std::int32_t length : mask.lengths.values<std::int32_t>()) out.lengths.push_back(length);
  return out;
}

reference::AttendOptions exact(const attn::AttendOptions& o) {
  return {exact(o.score),        exact(o.normalizer),
          exact(o.mask),         o.scale,
          o.temperature,         o.heads,
          exact(o.weight),       exact(o.bias),
          exact(o.query_weight), exact(o.key_weight),
          exact(o.score_vector)};
}

std::string to_string(const Sizes& s) {
  return "leading " + attn::to_string(s.leading) + " T,S,Dq,Dk,Dv,heads " +
         attn::to_string(Shape{s.T, s.S, s.Dq, s.Dk, s.Dv, s.heads});
}

Shape scores_shape(const Sizes& s) {
  return s.heads > 1 ? joined(s.leading, {s.heads, s.T, s.S}) : joined(s.leading, {s.T, s.S});
}

Inputs random_inputs(Random& random, const Sizes& s, float low, float high) {
  return {random.tensor(joined(s.leading, {s.T, s.Dq}), low, high),
          random.tensor(joined(s.leading, {s.S, s.Dk}), low, high), random.tensor(joined(s.leading, {s.S, s.Dv}))};
}

attn::AttendOptions random_options(Random& random, const Sizes& s, attn::Score score, float low, float high) {
  attn::AttendOptions options;
  options.score = score;
  options.heads = s.heads;
  const Index dq = s.Dq / s.heads, dk = s.Dk / s.heads, A = 5;
  if (score == attn::Score::general) options.weight = random.tensor({dq, dk}, low, high);
  if (score == attn::Score::location) {
    options.weight = random.tensor({s.S, dq}, low, high);
    options.bias = random.tensor({s.S}, low, high);
  }
  if (score == attn::Score::additive) {
    options.query_weight = random.tensor({A, dq}, low, high);
    options.key_weight = random.tensor({A, dk}, low, high);
    options.score_vector = random.tensor({A}, low, high);
  }
  return options;
}

attn::Mask make_mask(Random& random, const Sizes& s, std::string_view kind) {
  const auto has = [kind](std::string_view part) { return kind.find(part) != std::string_view::npos; };
  attn::Mask mask;
  mask.causal = has("causal");
  if (has("window")) mask.window = 1;
  if (has("padding")) {
    const Index batches = s.leading.empty() ? 1 : s.leading[0];
    mask.lengths = Tensor::empty({batches}, attn::DType::int32);
    for (Index b = 0; b < batches; ++b)  // one batch has no keys; alone, it keeps some
      mask.lengths.data<std::int32_t>()[b] = static_cast<std::int32_t>(b % 2 == 0 ? std::max<Index>(0, s.S - 2) : 0);
  }
  if (kind == "additive row") {
    mask.additive = additive_mask(random, {s.S});
  } else if (has("additive")) {
    mask.additive = additive_mask(random, scores_shape(s));
    std::fill_n(mask.additive.data(), std::min(s.S, mask.additive.numel()), -kInf);
  }
  return mask;
}

void check_attend(const Inputs& in, const attn::AttendOptions& options) {
  const attn::Attention got = attn::attend(in.query, in.key, in.value, options);
  const reference::AttendOptions o = exact(options);
  const Array value = exact(in.value);
  const reference::Attention want = reference::attend(exact(in.query), exact(in.key), value, o);
  const Index A = options.score_vector.defined() ? options.score_vector.numel() : 0;
  const double roundings =
      tolerance::score_roundings(o.score, in.query.size(-1) / o.heads, in.key.size(-1) / o.heads, A);
  const reference::Attention bound = tolerance::attend(want, value, o, {.score = roundings});
  check_close(got.scores, want.scores, bound.scores);
  check_close(got.scaled, want.scaled, bound.scaled);
  check_close(got.masked, want.masked, bound.masked);
  check_close(got.weights, want.weights, bound.weights);
  check_close(got.output, want.output, bound.output);
}

void check_fused(const Inputs& in, const attn::Mask& mask, std::optional<double> scale) {
  const Array value = exact(in.value);
  const reference::Attention want =
      reference::scaled_dot_product_attention(exact(in.query), exact(in.key), value, exact(mask), scale);
  reference::AttendOptions o;
  o.scale = scale;
  // Beside the plain path's roundings, a weight is rescaled at most once for each tile of keys after its own, by an exp
  // and a product; the exponents of these rescalings sum to the spread of the scores, and round in proportion. Tiles
  // hold 16 keys at least; fewer would be no tiles.
  double spread = 0;
  for (const double x : want.masked.data)
    if (std::isfinite(x)) spread = std::max(spread, 2 * std::abs(x));
  const double rescalings = std::ceil(static_cast<double>(in.key.size(-2)) / 16);
  const tolerance::Work work{.score = static_cast<double>(in.query.size(-1)),
                             .output = rescalings * (tolerance::function / tolerance::rounding + 2) + spread};
  const reference::Attention bound = tolerance::attend(want, value, o, work);
  const Tensor got = attn::scaled_dot_product_attention(in.query, in.key, in.value, {mask, scale});
  check_close(got, want.output, bound.output);
  attn::AttendOptions options;
  options.mask = mask;
  options.scale = scale;
  const Tensor plain = attn::attend(in.query, in.key, in.value, options).output;
  check_close(got, exact(plain), reference::map([](double b) { return 2 * b; }, bound.output));
}

}  // namespace test
