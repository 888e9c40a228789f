#pragma once
// What optimisers and clipping share: checks of parameters, and one pass over many tensors.

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "../pieces.hpp"
#include "attn/error.hpp"
#include "attn/tensor.hpp"
#include "attn/thread_pool.hpp"

namespace attn::optim {

inline void require(bool condition, const char* op, const std::string& what, double got) {
  if (!condition) throw Error(ErrorCode::range, op, what + ", got " + std::to_string(got));
}

inline void require_float(const char* op, const std::string& what, const Tensor& x) {
  if (!x.defined()) throw Error(ErrorCode::type, op, what + " must be a tensor, got none");
  if (x.dtype() != DType::float32)
    throw Error(ErrorCode::type, op, what + " must be float32, got " + to_string(x.dtype()));
}

/// Each is float32, and none comes twice, nor another tensor of its elements: it would be moved or scaled twice.
inline void check_parameters(const char* op, const std::vector<Tensor>& parameters) {
  std::set<const float*> seen;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& x = parameters[i];
    const std::string which = "parameter " + std::to_string(i);
    require_float(op, which, x);
    if (x.numel() > 0 && !seen.insert(x.data()).second)
      throw Error(ErrorCode::range, op, "a parameter must come once, but " + which + " came before");
  }
}

/// body(i, offset, n) for runs that make up all the elements of tensors of these sizes, in one parallel pass: a hundred
/// small tensors cost no more than one large. Pieces are fixed by the sizes alone.
template <class Body>
void for_each_run(const std::vector<Index>& sizes, Body body) {
  std::vector<Index> ends;
  Index total = 0;
  for (const Index size : sizes) ends.push_back(total += size);
  parallel_for(total, detail::kGrain, [&](Index begin, Index end) {
    auto i = static_cast<std::size_t>(std::ranges::upper_bound(ends, begin) - ends.begin());
    for (; begin < end; ++i) {
      const Index start = ends[i] - sizes[i], stop = std::min(end, ends[i]);
      if (stop > begin) body(i, begin - start, stop - begin);
      begin = stop;
    }
  });
}

}  // namespace attn::optim
