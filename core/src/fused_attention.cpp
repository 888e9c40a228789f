// ops::scaled_dot_product_attention and its backward pass: how their problems are shared out among threads.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attention_shapes.hpp"
#include "attn/attention.hpp"
#include "attn/error.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/decode.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/flash.hpp"
#include "kernels/flash_backward.hpp"
#include "kernels/gemm.hpp"
#include "kernels/reduce.hpp"
#include "pieces.hpp"
#include "scratch.hpp"
#include "simd.hpp"

namespace attn::ops {

using detail::checked_layout;
using detail::kInline;
using detail::Layout;
using detail::RowMask;
using detail::rows_per_piece;
using detail::Scratch;
using kernels::Head;
using kernels::Keys;
using kernels::Partial;

namespace {

constexpr const char* kForward = "scaled_dot_product_attention";
constexpr const char* kBackward = "scaled_dot_product_attention_backward";

/// Queries of a block at most, whole panels of any tile: enough for its tiles of keys to be read once for many, few
/// enough to stay in the cache.
constexpr Index kBlock = 192;
/// Fewer queries than this are bound by the reading of K and V: they split the keys instead.
constexpr Index kFewQueries = 4;
/// Keys of such a piece. Fixed, since the pieces' sums are added up one by one.
constexpr Index kKeyPiece = 256;

/// One call: everything that its pieces read.
struct Problem {
  Layout l;
  RowMask mask;
  float scale;
  const float *query, *key, *value;
  Index key_step, value_step;  ///< from one head of keys to the next

  Problem(const char* op, const In& q, const In& k, const In& v, const SdpaOptions& options)
      : l(checked_layout(op, q, k, v, {.grouped = options.enable_gqa})),
        mask(op, options.mask, l),
        scale(static_cast<float>(options.scale.value_or(1 / std::sqrt(static_cast<double>(l.dq))))),
        query(q.data),
        key(k.data),
        value(v.data),
        key_step(k.rank() > 2 ? k.strides[k.strides.size() - 3] : 0),
        value_step(v.rank() > 2 ? v.strides[v.strides.size() - 3] : 0) {
    if (!std::isfinite(scale))
      throw Error(ErrorCode::range, op, "scale must be finite in float32, got " + std::to_string(*options.scale));
  }
  Problem(const Problem&) = delete;  // the mask points to the layout

  Head head(Index p, Index t) const {
    return {l.dq, l.dv, query + (p * l.t + t) * l.dq, key + p / l.group * key_step, value + p / l.group * value_step,
            scale};
  }
  Keys keys(Index p, Index t) const {
    const RowMask::Row row = mask.row(p, t);
    return {row.begin, row.end, row.additive, row.step};
  }
  double work() const {
    return static_cast<double>(l.problems()) * static_cast<double>(l.t) * static_cast<double>(l.s) *
           static_cast<double>(l.dq + l.dv);
  }
};

/// Blocks of queries, the last of a head first: under a causal mask it has the most keys, and the longest piece must
/// not come last. A query's result does not depend on its block, so blocks may depend on the number of threads.
void attend_blocks(const Problem& given, float* out, float* lse) {
  simd::dispatch([&]<class Arch>(Arch) {
    const Layout& l = given.l;
    const Index columns = kernels::panel_columns<Arch>(), panels = kernels::panel_count<Arch>(l.t);
    const Index wanted = num_threads() == 1 ? 1 : 8 * num_threads();
    const Index per_head = std::clamp<Index>((wanted + l.problems() - 1) / l.problems(), 1, (l.t + 47) / 48);
    const Index least = std::max(per_head, (l.t + kBlock - 1) / kBlock);
    const Index queries = (panels + least - 1) / least * columns;  // whole panels: a part of one costs as much
    const Index blocks = (l.t + queries - 1) / queries, pieces = l.problems() * blocks;
    parallel_for(pieces, given.work() < kInline ? pieces : 1, [&](Index begin, Index end) {
      const Scratch scratch(kForward, kernels::flash_scratch<Arch>(queries, l.dq, l.dv));
      Keys keys[kBlock];
      for (Index piece = begin; piece < end; ++piece) {
        const Index p = piece % l.problems(), t = (blocks - 1 - piece / l.problems()) * queries;
        const Index n = std::min(queries, l.t - t);
        for (Index i = 0; i < n; ++i) keys[i] = given.keys(p, t + i);
        kernels::flash_block<Arch>(n, given.head(p, t), keys, out + (p * l.t + t) * l.dv,
                                   lse ? lse + p * l.t + t : nullptr, scratch.data());
      }
    });
  });
}

/// Few queries: pieces of their keys, then one result from each query's pieces.
void attend_pieces(const Problem& given, float* out, float* lse) {
  const Layout& l = given.l;
  const Index rows = l.problems() * l.t, pieces = std::max<Index>(1, (l.s + kKeyPiece - 1) / kKeyPiece);
  const Scratch outputs(kForward, checked_numel(kForward, {rows, pieces, l.dv}));
  std::vector<Partial> partials(static_cast<std::size_t>(rows * pieces));
  const auto part = [&](Index i) -> Partial& { return partials[static_cast<std::size_t>(i)]; };
  parallel_for(rows * pieces, given.work() < kInline ? rows * pieces : 1, [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index i = begin; i < end; ++i) {
        const Index row = i / pieces, from = i % pieces * kKeyPiece;
        Keys keys = given.keys(row / l.t, row % l.t);
        keys.begin = std::max(keys.begin, from);
        keys.end = std::min(keys.end, from + kKeyPiece);
        part(i).out = outputs.data() + i * l.dv;
        kernels::decode<Arch>(given.head(row / l.t, row % l.t), keys, part(i));
      }
    });
  });
  simd::dispatch([&]<class Arch>(Arch) {
    for (Index row = 0; row < rows; ++row) {
      const float sum = kernels::merge<Arch>(l.dv, pieces, &part(row * pieces), out + row * l.dv);
      if (lse) lse[row] = sum;
    }
  });
}

/// Heads of keys, each split in pieces where they are few. Fixed by the shape alone: the pieces' gradients of a query
/// are added up.
Index key_pieces(const Layout& l) {
  constexpr Index wanted = 8, least = 256;
  const Index heads = std::max<Index>(1, l.problems() / l.group);
  return std::clamp<Index>((wanted + heads - 1) / heads, 1, std::max<Index>(1, l.s / least));
}

}  // namespace

Shape sdpa_shape(const In& query, const In& key, const In& value, const SdpaOptions& options) {
  return Problem(kForward, query, key, value, options).l.output_shape();
}

void scaled_dot_product_attention(const In& query, const In& key, const In& value, const SdpaOptions& options,
                                  const Out& out, const Out& lse) {
  const Problem given(kForward, query, key, value, options);
  if (given.l.problems() == 0 || given.l.t == 0) return;
  if (given.l.t < kFewQueries)
    attend_pieces(given, out.data, lse.data);
  else
    attend_blocks(given, out.data, lse.data);
}

void scaled_dot_product_attention_backward(const In& query, const In& key, const In& value, const SdpaOptions& options,
                                           const In& out, const In& lse, const In& out_gradient,
                                           const AttentionGradients& gradients) {
  const Problem given(kBackward, query, key, value, options);
  const Layout& l = given.l;
  const Index rows = l.problems() * l.t, pieces = key_pieces(l), query_size = rows * l.dq;
  std::fill_n(gradients.key.data, gradients.key.numel(), 0.0f);
  std::fill_n(gradients.value.data, gradients.value.numel(), 0.0f);
  std::fill_n(gradients.query.data, query_size, 0.0f);
  if (rows == 0) return;

  // The first piece adds to the result itself.
  const Scratch others(kBackward, checked_numel(kBackward, {pieces - 1, query_size}));
  std::fill_n(others.data(), (pieces - 1) * query_size, 0.0f);
  const Scratch deltas(kBackward, rows);
  parallel_for(rows, rows_per_piece(l.dv), [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index row = begin; row < end; ++row)
        deltas.data()[row] = kernels::dot<Arch>(l.dv, out.data + row * l.dv, out_gradient.data + row * l.dv);
    });
  });

  const Index heads = l.problems() / l.group, length = (l.s + pieces - 1) / pieces;
  parallel_for(heads * pieces, given.work() < kInline ? heads * pieces : 1, [&](Index begin, Index end) {
    const Scratch all_keys(kBackward, (std::int64_t{l.t} * static_cast<std::int64_t>(sizeof(Keys)) + 3) / 4);
    Keys* const keys = reinterpret_cast<Keys*>(all_keys.data());
    simd::dispatch([&]<class Arch>(Arch) {
      const Scratch scratch(kBackward, kernels::flash_backward_scratch<Arch>(l.dq, l.dv));
      for (Index i = begin; i < end; ++i) {
        const Index head = i / pieces, piece = i % pieces;
        const Index first = std::min(piece * length, l.s), last = std::min(first + length, l.s);
        float* const query_gradient = piece == 0 ? gradients.query.data : others.data() + (piece - 1) * query_size;
        for (Index p = head * l.group; p < (head + 1) * l.group; ++p) {
          for (Index t = 0; t < l.t; ++t) keys[t] = given.keys(p, t);
          kernels::flash_backward<Arch>(
              given.head(p, 0), {l.t, out_gradient.data + p * l.t * l.dv, lse.data + p * l.t, deltas.data() + p * l.t},
              keys, first, last, query_gradient + p * l.t * l.dq, gradients.key.data + head * l.s * l.dk,
              gradients.value.data + head * l.s * l.dv, scratch.data());
        }
      }
    });
  });
  parallel_for(rows, rows_per_piece(l.dq), [&](Index begin, Index end) {
    float* const sum = gradients.query.data + begin * l.dq;
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index i = 0; i + 1 < pieces; ++i)
        kernels::binary<Arch>(Binary::add, (end - begin) * l.dq, sum, 1, others.data() + i * query_size + begin * l.dq,
                              1, sum);
    });
  });
}

}  // namespace attn::ops
