#include "attn/attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include "attention_shapes.hpp"
#include "attn/error.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/flash.hpp"
#include "kernels/matmul.hpp"
#include "kernels/normalize.hpp"
#include "kernels/scores.hpp"

namespace attn::ops {

using detail::checked_layout;
using detail::Layout;
using detail::RowMask;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Multiplications worth a thread of their own.
constexpr Index kWork = 1 << 15;

/// Queries of one problem that make a piece; `extra` counts what a query costs beyond its scores and its output. In
/// double, since the product of two sizes that fit need not.
Index rows_per_piece(const Layout& l, double extra = 0) {
  const double row = static_cast<double>(l.s) * static_cast<double>(std::max(l.dq, l.dk) + l.dv);
  const double rows = static_cast<double>(kWork) / (row + extra + 1);
  return std::clamp<Index>(static_cast<Index>(rows), 1, std::max<Index>(l.t, 1));
}

/// Scratch for a matrix. Throws OOM where its size would not fit in memory.
std::vector<float> scratch_matrix(Index rows, Index columns) {
  return std::vector<float>(static_cast<std::size_t>(checked_numel("attend", {rows, columns})));
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
  const Layout layout = checked_layout("attend", query, key, value, options.heads, widths_match(options.score));
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

/// x · Wᵀ: [rows,d] × [width,d] -> [rows,width].
void project(const float* x, Index rows, Index stride, const In& weight, float* out) {
  const Index width = weight.size(0), d = weight.size(1);
  kernels::matmul_transposed(rows, width, d, x, stride, weight.data, d, out, width);
}

/// The scores of one problem's queries [begin, begin + rows) against all its keys.
void score_rows(const Layout& l, const AttendOptions& options, const float* q, Index q_stride, const float* k,
                Index k_stride, const float* projected_keys, Index rows, float* scores) {
  switch (options.score) {
    case Score::dot:
    case Score::scaled_dot: return kernels::matmul_transposed(rows, l.s, l.dq, q, q_stride, k, k_stride, scores, l.s);
    case Score::sqrt_norm:
    case Score::cosine: {
      kernels::matmul_transposed(rows, l.s, l.dq, q, q_stride, k, k_stride, scores, l.s);
      std::vector<float> norms(static_cast<std::size_t>(l.s));
      return kernels::divide_by_norms(rows, l.s, l.dq, q, q_stride, k, k_stride, options.score == Score::sqrt_norm,
                                      scores, norms.data());
    }
    case Score::general: {
      std::vector<float> qw = scratch_matrix(rows, l.dk);
      kernels::matmul(rows, l.dk, l.dq, q, q_stride, options.weight.data, l.dk, qw.data(), l.dk);
      return kernels::matmul_transposed(rows, l.s, l.dk, qw.data(), l.dk, k, k_stride, scores, l.s);
    }
    case Score::additive: {
      const Index a = options.score_vector.numel();
      std::vector<float> qa = scratch_matrix(rows, a);
      project(q, rows, q_stride, options.query_weight, qa.data());
      std::vector<float> scratch(static_cast<std::size_t>(a));
      return kernels::additive_scores(rows, l.s, a, qa.data(), projected_keys, options.score_vector.data, scores,
                                      scratch.data());
    }
    case Score::location:
      kernels::matmul_transposed(rows, l.s, l.dq, q, q_stride, options.weight.data, l.dq, scores, l.s);
      if (options.bias.data)
        for (Index i = 0; i < rows; ++i)
          kernels::binary(Binary::add, l.s, scores + i * l.s, 1, options.bias.data, 1, scores + i * l.s);
  }
}

/// False where `sum` finds nothing to divide by.
bool normalize(Normalizer normalizer, Index n, const float* x, float* out, float* scratch) {
  switch (normalizer) {
    case Normalizer::softmax: kernels::softmax(n, x, out); return true;
    case Normalizer::double_softmax: kernels::double_softmax(n, x, out); return true;
    case Normalizer::sparsemax: kernels::sparsemax(n, x, out, scratch); return true;
    case Normalizer::sum: break;
  }
  return kernels::sum_normalize(n, x, out);
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
  const Index q_stride = l.heads * l.dq, k_stride = l.heads * l.dk, v_stride = l.heads * l.dv;

  // Additive scores project every key once, not once for each piece of queries.
  std::vector<float> projected_keys;
  double extra = options.score == Score::general ? static_cast<double>(l.dk) : 0;
  Index a = 0;
  if (options.score == Score::additive) {
    a = options.score_vector.numel();
    extra = static_cast<double>(a) * static_cast<double>(l.s + 1);
    projected_keys = scratch_matrix(l.problems() * l.s, a);
    parallel_for(l.problems(), 1, [&](Index begin, Index end) {
      for (Index p = begin; p < end; ++p)
        project(key.data + l.offset(p, l.s, l.dk), l.s, k_stride, options.key_weight,
                projected_keys.data() + p * l.s * a);
    });
  }

  const Index rows = rows_per_piece(l, extra), blocks = (l.t + rows - 1) / rows;
  const float by = factor(l, options);
  std::mutex first;  // of the rows that have no sum, the first is named, whichever thread meets one
  Index vanished = std::numeric_limits<Index>::max();
  parallel_for(l.problems() * blocks, 1, [&](Index begin, Index end) {
    std::vector<float> scratch(static_cast<std::size_t>(l.s));
    for (Index piece = begin; piece < end; ++piece) {
      const Index p = piece / blocks, t0 = piece % blocks * rows, n = std::min(rows, l.t - t0);
      score_rows(l, options, query.data + l.offset(p, l.t, l.dq) + t0 * q_stride, q_stride,
                 key.data + l.offset(p, l.s, l.dk), k_stride, projected_keys.data() + p * l.s * a, n,
                 out.scores.data + (p * l.t + t0) * l.s);
      for (Index t = t0; t < t0 + n; ++t) {
        const Index at = (p * l.t + t) * l.s;
        kernels::scale(l.s, out.scores.data + at, by, out.scaled.data + at);
        mask_row(mask.row(p, t), l.s, out.scaled.data + at, out.masked.data + at);
        float* weights = out.weights.data + at;
        if (!normalize(options.normalizer, l.s, out.masked.data + at, weights, scratch.data())) {
          const std::lock_guard lock(first);
          vanished = std::min(vanished, p * l.t + t);
          continue;
        }
        kernels::weighted_rows(l.s, l.dv, weights, value.data + l.offset(p, l.s, l.dv), v_stride,
                               out.output.data + l.offset(p, l.t, l.dv) + t * v_stride);
      }
    }
  });
  if (vanished != std::numeric_limits<Index>::max())
    throw Error(ErrorCode::range, "attend",
                "the scores of row " + std::to_string(vanished) + " of " + to_string(l.scores_shape()) +
                    " sum to 0, by which the sum normalizer would divide; softmax has no such row",
                {l.scores_shape()});
}

namespace {

Layout sdpa_layout(const In& query, const In& key, const In& value, const SdpaOptions& options) {
  constexpr const char* op = "scaled_dot_product_attention";
  const Layout layout = checked_layout(op, query, key, value, 1, true);
  if (options.scale && !std::isfinite(static_cast<float>(*options.scale)))
    throw Error(ErrorCode::range, op, "scale must be finite in float32, got " + std::to_string(*options.scale));
  RowMask(op, options.mask, layout);
  return layout;
}

}  // namespace

Shape sdpa_shape(const In& query, const In& key, const In& value, const SdpaOptions& options) {
  return sdpa_layout(query, key, value, options).output_shape();
}

void scaled_dot_product_attention(const In& query, const In& key, const In& value, const SdpaOptions& options,
                                  const Out& out) {
  const Layout l = sdpa_layout(query, key, value, options);
  const RowMask mask("scaled_dot_product_attention", options.mask, l);
  const float scale = static_cast<float>(options.scale.value_or(1 / std::sqrt(static_cast<double>(l.dq))));
  parallel_for(l.problems() * l.t, rows_per_piece(l), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const Index p = row / l.t;
      const RowMask::Row keys = mask.row(p, row % l.t);
      kernels::flash_row(l.dq, l.dv, query.data + row * l.dq, key.data + p * l.s * l.dk, l.dk,
                         value.data + p * l.s * l.dv, l.dv, scale, {keys.begin, keys.end, keys.additive, keys.step},
                         out.data + row * l.dv);
    }
  });
}

}  // namespace attn::ops
