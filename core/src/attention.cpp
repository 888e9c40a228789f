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

/// Queries of one problem that make a piece.
Index rows_per_piece(const Layout& l) { return std::max<Index>(1, kWork / std::max<Index>(1, l.s * (l.dq + l.dv))); }

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

Layout attend_layout(const In& query, const In& key, const In& value, const AttendOptions& options) {
  const Layout layout = checked_layout("attend", query, key, value, options.heads, widths_match(options.score));
  check_weights(options, layout);
  checked_numel("attend", layout.scores_shape());
  if (!(options.temperature > 0) || !std::isfinite(options.temperature))
    throw Error(ErrorCode::range, "attend",
                "temperature must be above 0 and finite, got " + std::to_string(options.temperature));
  if (options.scale && !std::isfinite(*options.scale))
    throw Error(ErrorCode::range, "attend", "scale must be finite, got " + std::to_string(*options.scale));
  RowMask("attend", options.mask, layout);
  return layout;
}

/// x · Wᵀ for every row of one problem: [rows,d] × [width,d] -> [rows,width].
std::vector<float> project(const float* x, Index rows, Index stride, const In& weight) {
  const Index width = weight.size(0), d = weight.size(1);
  std::vector<float> out(static_cast<std::size_t>(rows * width));
  kernels::matmul_transposed(rows, width, d, x, stride, weight.data, d, out.data(), width);
  return out;
}

/// The scores of one problem's queries [begin, begin + rows) against all its keys.
void score_rows(const Layout& l, const AttendOptions& options, const float* q, Index q_stride, const float* k,
                Index k_stride, const std::vector<float>& projected_keys, Index rows, float* scores) {
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
      std::vector<float> qw(static_cast<std::size_t>(rows * l.dk));
      kernels::matmul(rows, l.dk, l.dq, q, q_stride, options.weight.data, l.dk, qw.data(), l.dk);
      return kernels::matmul_transposed(rows, l.s, l.dk, qw.data(), l.dk, k, k_stride, scores, l.s);
    }
    case Score::additive: {
      const Index a = options.score_vector.numel();
      const std::vector<float> qa = project(q, rows, q_stride, options.query_weight);
      std::vector<float> scratch(static_cast<std::size_t>(a));
      return kernels::additive_scores(rows, l.s, a, qa.data(), projected_keys.data(), options.score_vector.data, scores,
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
  const double scale =
      options.scale.value_or(options.score == Score::scaled_dot ? 1 / std::sqrt(static_cast<double>(l.dq)) : 1.0);
  const float factor = static_cast<float>(scale / options.temperature);
  const Index q_stride = l.heads * l.dq, k_stride = l.heads * l.dk, v_stride = l.heads * l.dv;

  // Additive scores project every key once, not once for each piece of queries.
  std::vector<std::vector<float>> projected_keys(static_cast<std::size_t>(l.problems()));
  if (options.score == Score::additive)
    parallel_for(l.problems(), 1, [&](Index begin, Index end) {
      for (Index p = begin; p < end; ++p)
        projected_keys[static_cast<std::size_t>(p)] =
            project(key.data + l.offset(p, l.s, l.dk), l.s, k_stride, options.key_weight);
    });

  const Index rows = rows_per_piece(l), blocks = (l.t + rows - 1) / rows;
  std::mutex first;  // of the rows that have no sum, the first is named, whichever thread meets one
  Index vanished = std::numeric_limits<Index>::max();
  parallel_for(l.problems() * blocks, 1, [&](Index begin, Index end) {
    std::vector<float> scratch(static_cast<std::size_t>(l.s));
    for (Index piece = begin; piece < end; ++piece) {
      const Index p = piece / blocks, t0 = piece % blocks * rows, n = std::min(rows, l.t - t0);
      score_rows(l, options, query.data + l.offset(p, l.t, l.dq) + t0 * q_stride, q_stride,
                 key.data + l.offset(p, l.s, l.dk), k_stride, projected_keys[static_cast<std::size_t>(p)], n,
                 out.scores.data + (p * l.t + t0) * l.s);
      for (Index t = t0; t < t0 + n; ++t) {
        const Index at = (p * l.t + t) * l.s;
        kernels::scale(l.s, out.scores.data + at, factor, out.scaled.data + at);
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
  if (options.scale && !std::isfinite(*options.scale))
    throw Error(ErrorCode::range, op, "scale must be finite, got " + std::to_string(*options.scale));
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
