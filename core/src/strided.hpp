#pragma once
// Walks the elements of a shape in runs along its last dimension, for operands of any strides, on the thread pool.

#include <algorithm>
#include <array>

#include "attn/shape.hpp"
#include "attn/thread_pool.hpp"
#include "pieces.hpp"

namespace attn::detail {

/// Longest run; also the size of the buffer into which a run with a stride is gathered.
inline constexpr Index kRun = 1024;

/// body(n, offset, offsets) for each run of n <= kRun elements: `offset` counts elements in row-major order, offsets[i]
/// is where operand i's run starts. Dimensions that lie together in every operand are walked as one.
/// steps receives each operand's stride along the run.
template <std::size_t N, class Body>
void for_each_run(const Shape& shape, const std::array<Shape, N>& all_strides, std::array<Index, N>& steps, Body body) {
  Shape sizes;
  std::array<Shape, N> strides;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    bool joins = !sizes.empty();
    for (std::size_t k = 0; k < N && joins; ++k) joins = strides[k].back() == all_strides[k][i] * shape[i];
    if (!joins) sizes.push_back(1);
    sizes.back() *= shape[i];
    for (std::size_t k = 0; k < N; ++k) {
      if (!joins) strides[k].push_back(0);
      strides[k].back() = all_strides[k][i];
    }
  }
  const bool scalar = sizes.empty();
  const Index inner = scalar ? 1 : sizes.back();
  for (std::size_t k = 0; k < N; ++k) steps[k] = scalar ? 1 : strides[k].back();
  if (inner == 0) return;
  const Index runs = (inner + kRun - 1) / kRun;
  const Index rows = numel(sizes) / inner;
  parallel_for(rows * runs, std::max<Index>(1, kGrain / std::min(inner, kRun)), [&](Index begin, Index end) {
    // The row's place in each dimension: counted on, since divisions cost more than a short run.
    Shape at(sizes.size());
    std::array<Index, N> rows_at{};
    Index start = begin % runs * kRun, offset = begin / runs * inner + start;
    for (std::size_t i = sizes.size(), rest = static_cast<std::size_t>(begin / runs); i-- > 1;) {
      const auto size = static_cast<std::size_t>(sizes[i - 1]);
      at[i - 1] = static_cast<Index>(rest % size);
      rest /= size;
      for (std::size_t k = 0; k < N; ++k) rows_at[k] += at[i - 1] * strides[k][i - 1];
    }
    for (Index piece = begin; piece < end; ++piece) {
      std::array<Index, N> offsets = rows_at;
      for (std::size_t k = 0; k < N; ++k) offsets[k] += start * steps[k];
      const Index n = std::min(kRun, inner - start);
      body(n, offset, offsets);
      offset += n;
      start += n;
      if (start < inner) continue;
      start = 0;
      for (std::size_t i = sizes.size(); i-- > 1;) {
        for (std::size_t k = 0; k < N; ++k) rows_at[k] += strides[k][i - 1];
        if (++at[i - 1] < sizes[i - 1]) break;
        at[i - 1] = 0;
        for (std::size_t k = 0; k < N; ++k) rows_at[k] -= sizes[i - 1] * strides[k][i - 1];
      }
    }
  });
}

/// The run itself where its step is 1, its one element where the step is 0, else its elements gathered into buffer.
inline const float* gather(const float* x, Index n, Index& step, float* buffer) {
  if (step == 0 || step == 1) return x;
  for (Index i = 0; i < n; ++i) buffer[i] = x[i * step];
  step = 1;
  return buffer;
}

}  // namespace attn::detail
