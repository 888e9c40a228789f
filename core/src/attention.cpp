#include "attn/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "attention_shapes.hpp"
#include "attn/error.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/gemm.hpp"
#include "kernels/normalize.hpp"
#include "kernels/scores.hpp"
#include "panels.hpp"
#include "scratch.hpp"
#include "simd.hpp"

namespace attn::ops {

using detail::checked_layout;
using detail::Layout;
using detail::RowMask;
using detail::Scratch;
using kernels::Matrix;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Multiplications worth a thread of their own.
constexpr Index kWork = 1 << 15;

/// Queries of one problem that make a piece; `extra` counts what a query costs beyond its scores and its output. In
/// double, since the product of two sizes that fit need not.
Index queries_per_piece(const Layout& l, double extra = 0) {
  const double row = static_cast<double>(l.s) * static_cast<double>(std::max(l.dq, l.dk) + l.dv);
  const double rows = static_cast<double>(kWork) / (row + extra + 1);
  // A tile of rows costs little more than one of them.
  return std::clamp<Index>(static_cast<Index>(rows), std::min<Index>(l.t, 12), std::max<Index>(l.t, 1));
}

void require(const In& weight, const char* what, const Shape& shape) {
  if (!weight.data)
    throw Error(ErrorCode::shape, "attend", std::string("this score needs ") + what + " " + to_string(shape), {shape});
  if (weight.shape != shape)
    throw Error(ErrorCode::shape, "attend",
                std::string(what) + " must be " + to_string(shape) + ", got " + to_string(weight.shape),
                {shape, weight.shape});
}

/// Only dot-like scores compare query and key feature by feature.
bool widths_match(Score score) {
  return score != Score::general && score != Score::additive && score != Score::location;
}

void check_weights(const AttendOptions& options, const Layout& l) {
  switch (options.score) {
    case Score::general: return require(options.weight, "weight", {l.dq, l.dk});
    case Score::location:
      require(options.weight, "weight", {l.s, l.dq});
      if (options.bias.data) require(options.bias, "bias", {l.s});
      return;
    case Score::additive: {
      const Index a = options.score_vector.data ? options.score_vector.numel() : 1;
      require(options.score_vector, "score_vector", {a});
      require(options.query_weight, "query_weight", {a, l.dq});
      require(options.key_weight, "key_weight", {a, l.dk});
      return;
    }
    default: return;
  }
}

/// What scores are multiplied by.
float factor(const Layout& l, const AttendOptions& options) {
  const double own = options.score == Score::scaled_dot ? 1 / std::sqrt(static_cast<double>(l.dq)) : 1.0;
  return static_cast<float>(options.scale.value_or(own) / options.temperature);
}

Layout attend_layout(const In& query, const In& key, const In& value, const AttendOptions& options) {
  const Layout layout = checked_layout("attend", query, key, value,
                                       {.heads = options.heads, .widths_match = widths_match(options.score)});
  check_weights(options, layout);
  checked_numel("attend", layout.scores_shape());
  if (!(options.temperature > 0) || !std::isfinite(options.temperature))
    throw Error(ErrorCode::range, "attend",
                "temperature must be above 0 and finite, got " + std::to_string(options.temperature));
  if (options.scale && !std::isfinite(*options.scale))
    throw Error(ErrorCode::range, "attend", "scale must be finite, got " + std::to_string(*options.scale));
  if (!std::isfinite(factor(layout, options)))
    throw Error(ErrorCode::range, "attend", "scale / temperature must be finite in float32");
  RowMask("attend", options.mask, layout);
  return layout;
}

/// A matrix that rows of queries or keys are multiplied by, packed once: of one problem, or of all.
class Packed {
 public:
  Packed(Index k, Index n, Index count)
      : k_(k), n_(n), size_(detail::Panels(k, n).floats), scratch_("attend", count * size_) {}

  void fill(Index at, const Matrix& b) {
    simd::dispatch(
        [&]<class Arch>(Arch) { kernels::pack<Arch>(k_, n_, b, 0, kernels::panel_count<Arch>(n_), panels(at)); });
  }

  /// out [rows,n] = x [rows,k] · b + bias; rows of x are `stride` apart.
  void multiply(Index at, const float* x, Index stride, Index rows, const float* bias, float* out) const {
    simd::dispatch([&]<class Arch>(Arch) {
      const Scratch scratch("attend", kernels::gemm_scratch<Arch>(rows, k_));
      kernels::gemm<Arch>(rows, n_, k_, {x, stride, 1}, panels(at), bias, out, n_, scratch.data());
    });
  }

 private:
  float* panels(Index at) const { return scratch_.data() + at * static_cast<Index>(size_); }

  Index k_, n_;
  std::int64_t size_;
  Scratch scratch_;
};

/// Row-major, and turned.
Matrix plain(const In& x) { return {x.data, x.size(1), 1}; }
Matrix turned(const In& x) { return {x.data, 1, x.size(1)}; }

/// The scores of every problem before scaling, by rows of queries; what all rows share is made once.
class Scorer {
 public:
  Scorer(const Layout& l, const AttendOptions& options, const float* key)
      : l_(l),
        options_(options),
        features_(options.score == Score::additive ? options.score_vector.numel() : 0),
        keys_(options.score == Score::general ? l.dk : l.dq, options.score == Score::additive ? 0 : l.s,
              options.score == Score::location ? 1 : l.problems()),
        queries_(l.dq, options.score == Score::general ? l.dk : features_, 1),
        projected_keys_("attend", checked_numel("attend", {l.problems(), l.s, features_})) {
    if (options.score == Score::general) queries_.fill(0, plain(options.weight));
    if (options.score == Score::location) {
      keys_.fill(0, turned(options.weight));
    } else if (options.score == Score::additive) {
      queries_.fill(0, turned(options.query_weight));
      project_keys(key);
    } else {
      parallel_for(l.problems(), 1, [&](Index begin, Index end) {
        for (Index p = begin; p < end; ++p) keys_.fill(p, {key + l.offset(p, l.s, l.dk), 1, l.heads * l.dk});
      });
    }
  }

  /// What a query costs beyond its scores and its output, in multiplications.
  double extra() const {
    if (options_.score == Score::general) return static_cast<double>(l_.dk);
    return static_cast<double>(features_) * static_cast<double>(l_.s + 1);
  }

  /// Scores [rows,S] of problem p's queries.
  void rows(Index p, const float* q, const float* k, Index rows, float* scores) const {
    const Index q_stride = l_.heads * l_.dq, k_stride = l_.heads * l_.dk;
    switch (options_.score) {
      case Score::dot:
      case Score::scaled_dot: return keys_.multiply(p, q, q_stride, rows, nullptr, scores);
      case Score::location: return keys_.multiply(0, q, q_stride, rows, options_.bias.data, scores);
      case Score::sqrt_norm:
      case Score::cosine: {
        keys_.multiply(p, q, q_stride, rows, nullptr, scores);
        const Scratch norms("attend", l_.s);
        return simd::dispatch([&]<class Arch>(Arch) {
          kernels::divide_by_norms<Arch>(rows, l_.s, l_.dq, q, q_stride, k, k_stride,
                                         options_.score == Score::sqrt_norm, scores, norms.data());
        });
      }
      case Score::general: {
        const Scratch qw("attend", checked_numel("attend", {rows, l_.dk}));
        queries_.multiply(0, q, q_stride, rows, nullptr, qw.data());
        return keys_.multiply(p, qw.data(), l_.dk, rows, nullptr, scores);
      }
      case Score::additive: {
        const Scratch qa("attend", checked_numel("attend", {rows + 1, features_}));
        queries_.multiply(0, q, q_stride, rows, nullptr, qa.data());
        return simd::dispatch([&]<class Arch>(Arch) {
          kernels::additive_scores<Arch>(rows, l_.s, features_, qa.data(),
                                         projected_keys_.data() + p * l_.s * features_, options_.score_vector.data,
                                         scores, qa.data() + rows * features_);
        });
      }
    }
  }

 private:
  void project_keys(const float* key) {
    Packed weight(l_.dk, features_, 1);
    weight.fill(0, turned(options_.key_weight));
    parallel_for(l_.problems(), 1, [&](Index begin, Index end) {
      for (Index p = begin; p < end; ++p)
        weight.multiply(0, key + l_.offset(p, l_.s, l_.dk), l_.heads * l_.dk, l_.s, nullptr,
                        projected_keys_.data() + p * l_.s * features_);
    });
  }

  const Layout& l_;
  const AttendOptions& options_;
  Index features_;  ///< of additive scores
  Packed keys_, queries_;
  Scratch projected_keys_;
};

/// False where `sum` finds nothing to divide by.
template <class Arch>
bool normalize(Normalizer normalizer, Index n, const float* x, float* out) {
  switch (normalizer) {
    case Normalizer::softmax: kernels::softmax<Arch>(n, x, out); return true;
    case Normalizer::double_softmax: kernels::double_softmax<Arch>(n, x, out); return true;
    case Normalizer::sparsemax: kernels::sparsemax<Arch>(n, x, out); return true;
    case Normalizer::sum: break;
  }
  return kernels::sum_normalize<Arch>(n, x, out);
}

void mask_row(const RowMask::Row& mask, Index n, const float* scaled, float* masked) {
  std::fill_n(masked, n, -kInfinity);
  for (Index s = mask.begin; s < mask.end; ++s) {
    const float added = mask.additive ? mask.additive[s * mask.step] : 0.0f;
    if (added != -kInfinity) masked[s] = scaled[s] + added;  // selected, not added: scaled may be NaN
  }
}

}  // namespace

AttendShapes attend_shapes(const In& query, const In& key, const In& value, const AttendOptions& options) {
  const Layout layout = attend_layout(query, key, value, options);
  return {layout.scores_shape(), layout.output_shape()};
}

void attend(const In& query, const In& key, const In& value, const AttendOptions& options, const AttendOut& out) {
  const Layout l = attend_layout(query, key, value, options);
  const RowMask mask("attend", options.mask, l);
  if (l.t == 0 || l.problems() == 0) return;
  const Index q_stride = l.heads * l.dq, v_stride = l.heads * l.dv;

  const Scorer scorer(l, options, key.data);
  const Index rows = queries_per_piece(l, scorer.extra()), blocks = (l.t + rows - 1) / rows;
  const float by = factor(l, options);
  std::mutex first;  // of the rows that have no sum, the first is named, whichever thread meets one
  Index vanished = std::numeric_limits<Index>::max();
  parallel_for(l.problems() * blocks, 1, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece) {
      const Index p = piece / blocks, t0 = piece % blocks * rows, n = std::min(rows, l.t - t0);
      scorer.rows(p, query.data + l.offset(p, l.t, l.dq) + t0 * q_stride, key.data + l.offset(p, l.s, l.dk), n,
                  out.scores.data + (p * l.t + t0) * l.s);
      simd::dispatch([&]<class Arch>(Arch) {
        for (Index t = t0; t < t0 + n; ++t) {
          const Index at = (p * l.t + t) * l.s;
          kernels::scale<Arch>(l.s, out.scores.data + at, by, out.scaled.data + at);
          mask_row(mask.row(p, t), l.s, out.scaled.data + at, out.masked.data + at);
          float* const weights = out.weights.data + at;
          if (!normalize<Arch>(options.normalizer, l.s, out.masked.data + at, weights)) {
            const std::lock_guard lock(first);
            vanished = std::min(vanished, p * l.t + t);
            continue;
          }
          kernels::weighted_rows<Arch>(l.s, l.dv, weights, value.data + l.offset(p, l.s, l.dv), v_stride,
                                       out.output.data + l.offset(p, l.t, l.dv) + t * v_stride);
        }
      });
    }
  });
  if (vanished != std::numeric_limits<Index>::max())
    throw Error(ErrorCode::range, "attend",
                "the scores of row " + std::to_string(vanished) + " of " + to_string(l.scores_shape()) +
                    " sum to 0, by which the sum normalizer would divide; softmax has no such row",
                {l.scores_shape()});
}

}  // namespace attn::ops
