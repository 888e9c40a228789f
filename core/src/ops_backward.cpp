// The backward passes of ops.cpp's operators.
#include <algorithm>
#include <vector>

#include "attn/attention.hpp"
#include "attn/ops.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/conv1d.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/layer_norm.hpp"
#include "kernels/normalize.hpp"
#include "kernels/reduce.hpp"
#include "kernels/scores.hpp"
#include "pieces.hpp"
#include "rows.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "strided.hpp"

namespace attn::ops {

using detail::for_rows;
using detail::kGrain;
using detail::kRun;
using detail::rows_per_piece;
using detail::Scratch;

void unary_backward(Unary f, const In& kept, const In& gradient, const Out& out) {
  const Index n = kept.numel();
  parallel_for((n + kRun - 1) / kRun, kGrain / kRun, [&](Index begin, Index end) {
    const Index from = begin * kRun, to = std::min(end * kRun, n);
    simd::dispatch([&]<class Arch>(Arch) {
      kernels::unary_backward<Arch>(f, to - from, kept.data + from, gradient.data + from, out.data + from);
    });
  });
}

void index_add(const In& x, std::span<const std::int32_t> indices, const Out& out) {
  const Index row = out.numel() / std::max<Index>(out.shape[0], 1);
  // By strips of features, not by rows: two of these may have the same index.
  const Index width = std::max<Index>(64, kGrain / std::max<Index>(1, static_cast<Index>(indices.size())));
  parallel_for((row + width - 1) / width, 1, [&](Index begin, Index end) {
    const Index from = begin * width, n = std::min(end * width, row) - from;
    simd::dispatch([&]<class Arch>(Arch) {
      for (std::size_t i = 0; i < indices.size(); ++i)
        kernels::axpy<Arch>(n, 1, x.data + static_cast<Index>(i) * row + from, out.data + indices[i] * row + from);
    });
  });
}

void max_backward(const In& x, const In& most, const In& gradient, const Out& out) {
  const Index outer = x.shape[0], n = x.shape[1], inner = x.shape[2];
  parallel_for(outer * inner, rows_per_piece(n), [&](Index begin, Index end) {
    for (Index at = begin; at < end; ++at) {
      const Index first = at / inner * n * inner + at % inner;
      Index equal = 0;
      for (Index i = 0; i < n; ++i) equal += x.data[first + i * inner] == most.data[at];
      const float share = equal ? gradient.data[at] / static_cast<float>(equal) : 0;
      for (Index i = 0; i < n; ++i)
        out.data[first + i * inner] = x.data[first + i * inner] == most.data[at] ? share : 0;
    }
  });
}

void softmax_backward(const In& y, const In& gradient, const Out& out) {
  for_rows(y, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::softmax_backward<Arch>(n, y.data + row * n, gradient.data + row * n, out.data + row * n);
  });
}

void log_softmax_backward(const In& y, const In& gradient, const Out& out) {
  for_rows(y, [&]<class Arch>(Arch, Index row, Index n) {
    kernels::log_softmax_backward<Arch>(n, y.data + row * n, gradient.data + row * n, out.data + row * n);
  });
}

namespace {

void norm_backward(kernels::Norm kind, const In& x, const In& weight, double eps, const In& gradient,
                   const NormGradients& out) {
  // Weight and bias gather from all rows: in pieces whose size does not depend on the threads.
  constexpr Index per_piece = 64;
  const Index rows = x.size(0), n = x.size(1), pieces = (rows + per_piece - 1) / per_piece;
  const Scratch sums("norm", checked_numel("norm", {2, pieces, n}));
  std::fill_n(sums.data(), 2 * pieces * n, 0.0f);
  parallel_for(pieces, 1, [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index row = begin * per_piece; row < std::min(end * per_piece, rows); ++row)
        kernels::normalize_backward<Arch>(kind, n, x.data + row * n, weight.data, eps, gradient.data + row * n,
                                          out.x.data + row * n, sums.data() + row / per_piece * n,
                                          sums.data() + (pieces + row / per_piece) * n);
    });
  });
  const auto total = [&](const float* from, const Out& to) {
    if (to.data) reduce(Reduction::sum, {from, {1, pieces, n}, {pieces * n, n, 1}}, to);
  };
  total(sums.data(), out.weight);
  total(sums.data() + pieces * n, out.bias);
}

}  // namespace

void layer_norm_backward(const In& x, const In& weight, double eps, const In& gradient, const NormGradients& out) {
  norm_backward(kernels::Norm::layer, x, weight, eps, gradient, out);
}

void rms_norm_backward(const In& x, const In& weight, double eps, const In& gradient, const NormGradients& out) {
  norm_backward(kernels::Norm::rms, x, weight, eps, gradient, out);
}

void conv1d_backward(const In& input, const In& weight, const Conv1d& options, const In& gradient, const Out& to_input,
                     const Out& to_weight) {
  const Index batches = input.shape[0], in_channels = input.shape[1], l = input.shape[2];
  const Index channels = weight.shape[0], k = weight.shape[2], m = gradient.shape[2];
  const Index stride = std::min(options.stride, l + 2 * options.padding);
  // A channel of the input gathers from every channel of the output, a weight from every batch.
  parallel_for(in_channels, 1, [&](Index begin, Index end) {
    for (Index c = begin; c < end; ++c)
      for (Index b = 0; b < batches; ++b)
        for (Index o = 0; o < channels; ++o) {
          const float* const g = gradient.data + (b * channels + o) * m;
          const Index x = (b * in_channels + c) * l, w = (o * in_channels + c) * k;
          for (Index i = 0; i < m; ++i)
            for (Index j = 0; j < k; ++j) {
              const Index at = i * stride + j - options.padding;
              if (at < 0 || at >= l) continue;
              to_input.data[x + at] += g[i] * weight.data[w + j];
              to_weight.data[w + j] += g[i] * input.data[x + at];
            }
        }
  });
}

void additive_scores_backward(const In& q, const In& k, const In& v, const In& gradient, const AdditiveGradients& out) {
  const Index t = q.size(-2), s = k.size(-2), a = v.numel(), problems = a * t == 0 ? 0 : q.numel() / (a * t);
  const Scratch vectors("attend", checked_numel("attend", {problems, a}));  // each problem's own, added up in order
  std::fill_n(vectors.data(), problems * a, 0.0f);
  parallel_for(problems, 1, [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) {
      for (Index p = begin; p < end; ++p)
        kernels::additive_scores_backward<Arch>(t, s, a, q.data + p * t * a, k.data + p * s * a, v.data,
                                                gradient.data + p * t * s, out.query.data + p * t * a,
                                                out.key.data + p * s * a, vectors.data() + p * a);
    });
  });
  reduce(Reduction::sum, {vectors.data(), {1, problems, a}, {problems * a, a, 1}}, out.vector);
}

}  // namespace attn::ops
