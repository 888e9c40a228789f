// ops: losses, forward and backward.
#include "kernels/loss.hpp"

#include <algorithm>
#include <string>

#include "attn/error.hpp"
#include "attn/ops.hpp"
#include "attn/thread_pool.hpp"
#include "pieces.hpp"
#include "simd.hpp"
#include "strided.hpp"

namespace attn::ops {

using detail::kGrain;
using detail::rows_per_piece;

namespace {

double sum_of_weights(const ClassTargets& targets, Index classes) {
  if (!targets.weights) return static_cast<double>(classes);
  double sum = 0;
  for (Index c = 0; c < classes; ++c) sum += static_cast<double>(targets.weights[c]);
  return sum;
}

/// f(Arch{}, row, target) for each row that counts.
template <class F>
void for_rows(const In& x, const ClassTargets& targets, F f) {
  const Index n = x.size(-1);
  const double weight_sum = sum_of_weights(targets, n);
  parallel_for(x.size(0), rows_per_piece(n), [&](Index begin, Index end) {
    simd::dispatch([&](auto arch) {
      for (Index row = begin; row < end; ++row) {
        const auto index = static_cast<Index>(targets.classes[static_cast<std::size_t>(row)]);
        if (index != targets.ignore_index)
          f(arch, row, kernels::ClassTarget{index, targets.weights, weight_sum, targets.label_smoothing});
      }
    });
  });
}

}  // namespace

double cross_entropy(const In& x, const ClassTargets& targets, const Out& losses) {
  const Index n = x.size(-1);
  double weight = 0;
  for (const std::int32_t index : targets.classes) {
    if (index == targets.ignore_index) continue;
    if (index < 0 || index >= n)
      throw Error(ErrorCode::range, "cross_entropy",
                  "every target must be a class from 0 to " + std::to_string(n - 1) + " or ignore_index " +
                      std::to_string(targets.ignore_index) + ", got " + std::to_string(index));
    weight += targets.weights ? static_cast<double>(targets.weights[index]) : 1;
  }
  std::fill_n(losses.data, losses.numel(), 0.0f);
  for_rows(x, targets, [&]<class Arch>(Arch, Index row, const kernels::ClassTarget& target) {
    losses.data[row] = static_cast<float>(kernels::cross_entropy<Arch>(n, x.data + row * n, target));
  });
  return weight;
}

void cross_entropy_backward(const In& x, const ClassTargets& targets, const In& gradient, double factor,
                            const Out& out) {
  const Index n = x.size(-1), step = gradient.numel() == 1 ? 0 : 1;
  std::fill_n(out.data, out.numel(), 0.0f);
  for_rows(x, targets, [&]<class Arch>(Arch, Index row, const kernels::ClassTarget& target) {
    kernels::cross_entropy_backward<Arch>(n, x.data + row * n, target,
                                          factor * static_cast<double>(gradient.data[row * step]), out.data + row * n);
  });
}

namespace {

/// f(Arch{}, n, offset) for runs of n elements.
template <class F>
void for_runs(Index n, F f) {
  parallel_for((n + kGrain - 1) / kGrain, 1, [&](Index begin, Index end) {
    simd::dispatch([&](auto arch) { f(arch, std::min(end * kGrain, n) - begin * kGrain, begin * kGrain); });
  });
}

const float* at(const In& x, Index offset) { return x.data ? x.data + offset : nullptr; }

}  // namespace

void binary_cross_entropy(const In& x, const In& target, const In& positive, const Out& out) {
  for_runs(x.numel(), [&]<class Arch>(Arch, Index n, Index from) {
    kernels::binary_cross_entropy<Arch>(n, x.data + from, target.data + from, at(positive, from), out.data + from);
  });
}

void binary_cross_entropy_backward(const In& x, const In& target, const In& positive, const Out& out) {
  for_runs(x.numel(), [&]<class Arch>(Arch, Index n, Index from) {
    kernels::binary_cross_entropy_backward<Arch>(n, x.data + from, target.data + from, at(positive, from),
                                                 out.data + from);
  });
}

}  // namespace attn::ops
