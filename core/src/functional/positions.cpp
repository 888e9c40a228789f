// Positions that enter attention itself: rotary turns queries and keys, ALiBi shifts their scores.
#include <bit>
#include <cmath>
#include <mutex>

#include "heads.hpp"

namespace attn {

using namespace detail;

namespace {

/// For positions first … first + count - 1: their cosines [D/2] and sines [D/2], one row after the other.
struct Turns {
  Index dim, first, count;
  double base;
  std::vector<float> rows;

  Turns(Index d, Index begin, Index n, double b) : dim(d), first(begin), count(n), base(b) {
    const Index half = dim / 2;
    rows.resize(static_cast<std::size_t>(checked_numel("rotary", {count, dim})));
    for (Index i = 0; i < half; ++i) {
      const double frequency = std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(dim));
      for (Index p = 0; p < count; ++p) {
        const double angle = static_cast<double>(first + p) * frequency;
        rows[static_cast<std::size_t>(p * dim + i)] = static_cast<float>(std::cos(angle));
        rows[static_cast<std::size_t>(p * dim + half + i)] = static_cast<float>(std::sin(angle));
      }
    }
  }
};

/// Sines in double take longer than the turning itself, and every layer and step asks for the same ones: the last table
/// is kept, as long as it is of a common size.
std::shared_ptr<const Turns> turns_of(Index dim, Index first, Index count, double base) {
  constexpr Index kept = 1 << 16;
  if (first + count > kept) return std::make_shared<Turns>(dim, first, count, base);
  static std::mutex mutex;
  static std::shared_ptr<const Turns> last;
  const std::lock_guard lock(mutex);
  if (!last || last->dim != dim || last->base != base || last->count < first + count)
    last = std::make_shared<Turns>(dim, 0, static_cast<Index>(std::bit_ceil(static_cast<std::size_t>(first + count))),
                                   base);
  return last;
}

}  // namespace

namespace detail {

void rotate(const Tensor& x, Index first, double base, bool back, const Tensor& out) {
  const std::shared_ptr<const Turns> turns = turns_of(x.size(-1), first, x.size(-2), base);
  ops::rotary(x.view(), turns->rows.data() + (first - turns->first) * turns->dim, back, out.out());
}

}  // namespace detail

Tensor rotary(const Tensor& x, Index first_position, double base) {
  constexpr const char* op = "rotary";
  require_float(op, x);
  if (x.rank() < 2 || x.size(-1) % 2 != 0)
    throw Error(ErrorCode::shape, op, "x must be [...,T,D] with an even D, got " + to_string(x.shape()), {x.shape()});
  if (first_position < 0 || first_position > Index{1} << 30)
    throw Error(ErrorCode::range, op, "first_position must be from 0 to 2^30, got " + std::to_string(first_position));
  if (!(base > 0) || !std::isfinite(base))
    throw Error(ErrorCode::range, op, "base must be above 0 and finite, got " + std::to_string(base));
  const Tensor given = x.strides().back() == 1 ? x : dense(op, x), out = Tensor::empty(x.shape());
  rotate(given, first_position, base, false, out);
  if (recording({x}))
    record(op, out, {x}, [first_position, base](const Tensor& g, Gradients& to) {
      const Tensor gradient = Tensor::empty(g.shape());
      rotate(g, first_position, base, true, gradient);
      to.add(0, gradient);
    });
  return out;
}

Tensor alibi(Index num_heads, Index queries, Index keys) {
  if (num_heads < 1 || queries < 0 || keys < queries)
    throw Error(ErrorCode::range, "alibi",
                "at least 1 head, and as many keys as queries, are needed, got " + std::to_string(num_heads) +
                    " heads, " + std::to_string(queries) + " queries and " + std::to_string(keys) + " keys");
  const Tensor out = Tensor::empty({num_heads, queries, keys});
  const auto whole = static_cast<Index>(std::bit_floor(static_cast<std::size_t>(num_heads)));
  float* bias = out.data();
  for (Index h = 0; h < num_heads; ++h) {
    const double step = h < whole ? static_cast<double>(h + 1) : static_cast<double>(h - whole) + 0.5;
    const double slope = std::exp2(-8 * step / static_cast<double>(whole));
    for (Index t = 0; t < queries; ++t)
      for (Index s = 0; s < keys; ++s)
        *bias++ = static_cast<float>(-slope * std::abs(static_cast<double>(keys - queries + t - s)));
  }
  return out;
}

}  // namespace attn
