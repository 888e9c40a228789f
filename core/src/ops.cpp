#include "attn/ops.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "attn/error.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/dropout.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/layer_norm.hpp"
#include "kernels/normalize.hpp"
#include "kernels/reduce.hpp"
#include "kernels/rotary.hpp"
#include "rows.hpp"
#include "simd.hpp"
#include "strided.hpp"

namespace attn::ops {

using detail::for_each_run;
using detail::for_rows;
using detail::gather;
using detail::kGrain;
using detail::kRun;
using detail::rows_per_piece;

namespace {

/// Elements of a run that is copied in place; a head's row is one.
constexpr Index kShort = 64;

}  // namespace

void unary(Unary f, const In& x, const Out& out) {
  std::array<Index, 1> steps;
  for_each_run<1>(x.shape, {x.strides}, steps, [&](Index n, Index at, const std::array<Index, 1>& from) {
    float buffer[kRun];
    Index step = steps[0];
    const float* run = gather(x.data + from[0], n, step, buffer);
    const Index count = step == 1 ? n : 1;
    simd::dispatch([&]<class Arch>(Arch) { kernels::unary<Arch>(f, count, run, out.data + at); });
    std::fill_n(out.data + at + count, n - count, out.data[at]);
  });
}

void binary(Binary f, const In& a, const In& b, const Out& out) {
  const Shape shape = broadcast_shapes(name_of(f), a.shape, b.shape);
  const In wide_a = broadcast_to(a, shape), wide_b = broadcast_to(b, shape);
  std::array<Index, 2> steps;
  for_each_run<2>(
      shape, {wide_a.strides, wide_b.strides}, steps, [&](Index n, Index at, const std::array<Index, 2>& from) {
        float buffer_a[kRun], buffer_b[kRun];
        Index step_a = steps[0], step_b = steps[1];
        const float* run_a = gather(a.data + from[0], n, step_a, buffer_a);
        const float* run_b = gather(b.data + from[1], n, step_b, buffer_b);
        simd::dispatch(
            [&]<class Arch>(Arch) { kernels::binary<Arch>(f, n, run_a, step_a, run_b, step_b, out.data + at); });
      });
}

void masked_fill(const In& x, const In& mask, float value, const Out& out) {
  if (broadcast_shapes("masked_fill", x.shape, mask.shape) != x.shape)
    throw Error(ErrorCode::shape, "masked_fill",
                "mask must broadcast to x " + to_string(x.shape) + ", got " + to_string(mask.shape),
                {x.shape, mask.shape});
  std::array<Index, 2> steps;
  for_each_run<2>(x.shape, {x.strides, broadcast_to(mask, x.shape).strides}, steps,
                  [&](Index n, Index at, const std::array<Index, 2>& from) {
                    for (Index i = 0; i < n; ++i)
                      out.data[at + i] =
                          mask.data[from[1] + i * steps[1]] == 0 ? x.data[from[0] + i * steps[0]] : value;
                  });
}

void add_mask(const In& scores, const In& mask, const Out& out) {
  constexpr float closed = -std::numeric_limits<float>::infinity();
  const Shape shape = broadcast_shapes("add_mask", scores.shape, mask.shape);
  const In wide_scores = broadcast_to(scores, shape), wide_mask = broadcast_to(mask, shape);
  std::array<Index, 2> steps;
  for_each_run<2>(shape, {wide_scores.strides, wide_mask.strides}, steps,
                  [&](Index n, Index at, const std::array<Index, 2>& from) {
                    float buffer_scores[kRun], buffer_mask[kRun];
                    Index step = steps[0], mask_step = steps[1];
                    const float* const x = gather(scores.data + from[0], n, step, buffer_scores);
                    const float* const m = gather(mask.data + from[1], n, mask_step, buffer_mask);
                    for (Index i = 0; i < n; ++i) {  // selected: a masked score may be NaN
                      const float added = m[i * mask_step];
                      out.data[at + i] = added == closed ? closed : x[i * step] + added;
                    }
                  });
}

template <class T>
void copy(const View<const T>& x, const View<T>& out) {
  std::array<Index, 2> steps;
  for_each_run<2>(x.shape, {x.strides, out.strides}, steps, [&](Index n, Index, const std::array<Index, 2>& at) {
    const T* from = x.data + at[0];
    T* to = out.data + at[1];
    if (steps[0] != 1 || steps[1] != 1) {
      for (Index i = 0; i < n; ++i) to[i * steps[1]] = from[i * steps[0]];
      return;
    }
    if constexpr (std::is_same_v<T, float>) {
      if (n <= kShort) return simd::dispatch([&]<class Arch>(Arch) { kernels::copy<Arch>(n, from, to); });
    }
    std::copy_n(from, n, to);
  });
}
template void copy(const View<const float>&, const View<float>&);
template void copy(const View<const std::int32_t>&, const View<std::int32_t>&);

void add_to(const In& x, const Out& out) {
  std::array<Index, 2> steps;
  for_each_run<2>(x.shape, {x.strides, out.strides}, steps, [&](Index n, Index, const std::array<Index, 2>& at) {
    const float* from = x.data + at[0];
    float* to = out.data + at[1];
    if (steps[0] == 1 && steps[1] == 1)
      simd::dispatch([&]<class Arch>(Arch) { kernels::binary<Arch>(Binary::add, n, to, 1, from, 1, to); });
    else
      for (Index i = 0; i < n; ++i) to[i * steps[1]] += from[i * steps[0]];
  });
}

void dropout(const In& x, double p, std::uint64_t key, const Out& out) {
  const Index n = x.numel();
  if (p >= 1) {
    std::fill_n(out.data, n, 0.0f);
    return;
  }
  const auto threshold = static_cast<std::uint32_t>(std::min(p * 0x1p32, 0x1p32 - 1));
  const auto factor = static_cast<float>(1 / (1 - p));
  parallel_for((n + kRun - 1) / kRun, kGrain / kRun, [&](Index begin, Index end) {
    const Index from = begin * kRun, to = std::min(end * kRun, n);
    simd::dispatch([&]<class Arch>(Arch) {
      kernels::dropout<Arch>(to - from, x.data + from, key, from, threshold, factor, out.data + from);
    });
  });
}

void index(std::string_view op, const In& x, std::span<const std::int32_t> indices, const Out& out) {
  const Index rows = x.shape[0], row = x.numel() / std::max<Index>(rows, 1);
  for (std::int32_t i : indices)
    if (i < 0 || i >= rows)
      throw Error(ErrorCode::range, op,
                  "every index must be from 0 to " + std::to_string(rows - 1) + ", got " + std::to_string(i));
  parallel_for(static_cast<Index>(indices.size()), rows_per_piece(row), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      std::copy_n(x.data + indices[static_cast<std::size_t>(i)] * row, row, out.data + i * row);
  });
}

void reduce(Reduction f, const In& x, const Out& out) {
  const Index outer = x.shape[0], n = x.shape[1], inner = x.shape[2];
  if (n == 0 && f == Reduction::max)
    throw Error(ErrorCode::range, "max", "there is no maximum of 0 elements " + to_string(x.shape), {x.shape});
  const double by = f == Reduction::mean ? static_cast<double>(n) : 1;
  if (inner == 1)
    return parallel_for(outer, rows_per_piece(n), [&](Index begin, Index end) {
      simd::dispatch([&]<class Arch>(Arch) {
        for (Index at = begin; at < end; ++at)
          out.data[at] = f == Reduction::max ? kernels::max<Arch>(n, x.data + at * n)
                                             : static_cast<float>(kernels::sum<Arch>(n, x.data + at * n) / by);
      });
    });
  // Columns, some lanes of them at a time.
  constexpr Index width = 64;
  const Index strips = (inner + width - 1) / width;
  parallel_for(outer * strips, rows_per_piece(n * width), [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index at = begin; at < end; ++at) {
        const Index column = at % strips * width, columns = std::min(width, inner - column);
        const float* const from = x.data + at / strips * n * inner + column;
        float* const to = out.data + at / strips * inner + column;
        if (f == Reduction::max)
          kernels::column_max<Arch>(n, columns, from, inner, to);
        else
          kernels::column_sums<Arch>(n, columns, from, inner, 1 / by, to);
      }
    });
  });
}

void softmax(const In& x, const Out& out) {
  for_rows(x, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::softmax<Arch>(n, x.data + row * n, out.data + row * n);
  });
}

void log_softmax(const In& x, const Out& out) {
  for_rows(x, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::log_softmax<Arch>(n, x.data + row * n, out.data + row * n);
  });
}

void log_sum_exp(const In& x, const Out& out) {
  if (x.size(-1) == 0) std::fill_n(out.data, out.numel(), -std::numeric_limits<float>::infinity());
  for_rows(x, [&]<class Arch>(Arch, Index row, Index n) {
    out.data[row] = kernels::log_sum_exp<Arch>(n, x.data + row * n);
  });
}

void layer_norm(const In& x, const In& weight, const In& bias, double eps, const Out& out) {
  for_rows(x, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::normalize<Arch>(kernels::Norm::layer, n, x.data + row * n, weight.data, bias.data, eps,
                             out.data + row * n);
  });
}

void rms_norm(const In& x, const In& weight, double eps, const Out& out) {
  for_rows(x, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::normalize<Arch>(kernels::Norm::rms, n, x.data + row * n, weight.data, nullptr, eps, out.data + row * n);
  });
}

void entropy(const In& weights, const Out& out) {
  if (weights.size(-1) == 0) std::fill_n(out.data, out.numel(), 0.0f);
  for_rows(weights, [&]<class Arch>(Arch, Index row, Index n) {
    out.data[row] = kernels::entropy<Arch>(n, weights.data + row * n);
  });
}

void sinusoidal(const Out& out) {
  const Index length = out.size(0), dim = out.size(1);
  parallel_for(length, rows_per_piece(dim), [&](Index begin, Index end) {
    for (Index p = begin; p < end; ++p)
      for (Index i = 0; i < dim; ++i) {
        const double angle =
            static_cast<double>(p) / std::pow(10000.0, static_cast<double>(i / 2 * 2) / static_cast<double>(dim));
        out.data[p * dim + i] = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
  });
}

void rotary(const In& x, const float* turns, bool back, const Out& out) {
  const Index d = x.size(-1), length = x.size(-2), rows = d == 0 ? 0 : x.numel() / d;
  const auto row_at = [&](const Shape& strides, Index row) {
    Index at = 0;
    for (std::size_t i = x.shape.size() - 1; i-- > 0; row /= x.shape[i]) at += row % x.shape[i] * strides[i];
    return at;
  };
  parallel_for(rows, rows_per_piece(d), [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index row = begin; row < end; ++row)
        kernels::rotate<Arch>(d / 2, x.data + row_at(x.strides, row), turns + row % length * d, back,
                              out.data + row_at(out.strides, row));
    });
  });
}

}  // namespace attn::ops
