#include "tolerance.hpp"

#include <algorithm>
#include <cmath>

namespace tolerance {
namespace {

using reference::Array;
using reference::Attention;
using reference::Index;
using reference::Normalizer;
using reference::Shape;

/// Bounds of one row of weights, given its scores (-inf where masked) and how far each may be off.
class Row {
 public:
  Row(const Array& x, const Array& weights, const Array& off, Index begin, Index size)
      : x_(x.data.data() + begin), weights_(weights.data.data() + begin),
        input_(off.empty() ? nullptr : off.data.data() + begin), n_(static_cast<double>(size)) {
    for (Index i = 0; i < size; ++i) {
      if (!kept(i)) continue;
      max_ = std::max(max_, x_[i]);
      largest_ = std::max(largest_, std::abs(x_[i]));
      worst_ = std::max(worst_, input(i));
      squares_ += input(i) * input(i);
      total_ += x_[i];
      total_off_ += input(i) + n_ * rounding * std::abs(x_[i]);
    }
    for (Index i = 0; i < size; ++i)
      if (kept(i)) below_ += weights_[i] * (max_ - x_[i]);
  }

  double bound(Normalizer normalizer, Index s) const {
    if (!kept(s)) return 0;
    if (normalizer == Normalizer::sum) return sum(s);
    return normalizer == Normalizer::sparsemax ? sparsemax() : softmax(s);
  }

 private:
  bool kept(Index i) const { return std::isfinite(x_[i]); }
  double input(Index i) const { return input_ == nullptr ? 0 : input_[i]; }

  /// Numerator and denominator: the error of the exponents, the rounding of each x - m (in the denominator with its
  /// key's share), exp; then n additions and the division.
  double softmax(Index s) const {
    const double exponents = 2 * worst_ + (max_ - x_[s] + below_) * rounding;
    return weights_[s] * std::expm1(exponents + 2 * function + (n_ + 2) * rounding) + tiny;
  }

  /// e/Σe by the quotient rule; 1 - off/Σ stands for the higher orders, which count where Σ nearly vanishes.
  double sum(Index s) const {
    const double d = std::abs(total_), off = (input(s) + std::abs(x_[s]) * total_off_ / d) / d;
    return off / std::max(1e-3, 1 - total_off_ / d) + 3 * rounding * std::abs(weights_[s]);
  }

  /// A projection onto a convex set moves no further than its argument does; the threshold is a mean of at most n of
  /// the scores, rounded as a sum of so many.
  double sparsemax() const { return std::sqrt(squares_) + (n_ + 3) * rounding * (1 + largest_); }

  const double *x_, *weights_, *input_;
  double n_, max_ = -1e300, largest_ = 0, worst_ = 0, squares_ = 0, total_ = 0, total_off_ = 0, below_ = 0;
};

Array weights(Normalizer normalizer, const Array& x, const Array& exact, const Array& input) {
  Array out = exact;
  const Index n = x.shape.back();
  for (Index begin = 0; begin < x.size(); begin += n) {
    const Row row(x, exact, input, begin, n);
    for (Index s = 0; s < n; ++s) out[begin + s] = row.bound(normalizer, s);
  }
  return out;
}

Array double_softmax(const Attention& exact, const Array& input) {
  const Index n = exact.masked.shape.back();
  Array first = exact.masked;  // the weights in between, -inf where masked
  for (Index begin = 0; begin < first.size(); begin += n) {
    const auto at = first.data.begin() + begin;
    const auto row = reference::normalize(Normalizer::softmax, std::vector<double>(at, at + n));
    for (Index s = 0; s < n; ++s)
      if (std::isfinite(first[begin + s])) first[begin + s] = row[static_cast<std::size_t>(s)];
  }
  return weights(Normalizer::softmax, first, exact.weights, weights(Normalizer::softmax, exact.masked, first, input));
}

}  // namespace

Array sum(double n, const Array& magnitude) {
  return reference::map([n](double m) { return n * rounding * m + tiny; }, magnitude);
}

Array matmul(const Array& a, const Array& b) {
  const auto abs = [](double v) { return std::abs(v); };
  return sum(static_cast<double>(a.shape.back()), reference::matmul(reference::map(abs, a), reference::map(abs, b)));
}

Array softmax(const Array& x, const Array& exact) { return weights(Normalizer::softmax, x, exact, {}); }

Attention attend(const Attention& exact, const Array& value, const reference::AttendOptions& options, const Work& work) {
  Attention out = exact;
  const Shape& shape = exact.scores.shape;
  const Index T = shape[shape.size() - 2], S = shape.back(), H = options.heads;
  for (Index i = 0; i < exact.scores.size(); ++i) {
    out.scores[i] = (work.score * rounding + work.input) * exact.magnitude[i] + tiny;
    // scale/temperature and the product with it: 3 roundings.
    const double told = options.scale.value_or(1) / options.temperature;
    const double factor = exact.scores[i] == 0 ? told : exact.scaled[i] / exact.scores[i];
    out.scaled[i] = out.scores[i] * std::abs(factor) + 3 * rounding * std::abs(exact.scaled[i]) + tiny;
    out.masked[i] = std::isfinite(exact.masked[i]) ? out.scaled[i] + rounding * std::abs(exact.masked[i]) : 0;
  }
  out.weights = options.normalizer == Normalizer::double_softmax
                    ? double_softmax(exact, out.masked)
                    : weights(options.normalizer, exact.masked, exact.weights, out.masked);
  // output = Σ w v: each weight's own bound, then S products and additions, and what else the weights go through.
  const Index Dv = value.shape.back() / H, blocks = T * S == 0 ? 0 : exact.scores.size() / (T * S * H);
  out.output = reference::filled(exact.output.shape, tiny);
  for (Index n = 0; n < blocks; ++n)
    for (Index h = 0; h < H; ++h)
      for (Index t = 0; t < T; ++t)
        for (Index s = 0; s < S; ++s) {
          const Index at = ((n * H + h) * T + t) * S + s;
          if (!std::isfinite(exact.masked[at])) continue;
          const double roundings = static_cast<double>(S) + work.output;
          const double off = out.weights[at] + roundings * rounding * std::abs(exact.weights[at]);
          for (Index d = 0; d < Dv; ++d) {
            const double v = std::abs(value[((n * S + s) * H + h) * Dv + d]) * (1 + work.input);
            out.output[((n * T + t) * H + h) * Dv + d] += v * (off + std::abs(exact.weights[at]) * work.input);
          }
        }
  return out;
}

double score_roundings(reference::Score score, Index Dq, Index Dk, Index A) {
  const auto q = static_cast<double>(Dq), k = static_cast<double>(Dk);
  switch (score) {
    case reference::Score::dot:
    case reference::Score::scaled_dot: return q;
    // A norm is off by (D + 2)/2 roundings, relatively; two norms, their product, its root, the division.
    case reference::Score::sqrt_norm: return q + (q + 2) / 2 + 3;
    case reference::Score::cosine: return q + (q + 2) + 2;
    case reference::Score::general: return q + k;
    // The two projections and their sum, tanh, then A products and additions.
    case reference::Score::additive: return std::max(q, k) + 1 + function / rounding + static_cast<double>(A);
    case reference::Score::location: return q + 1;
  }
  return q;
}

}  // namespace tolerance
