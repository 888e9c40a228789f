#pragma once
// One process-wide pool of threads; the same code natively and on WASM threads.

#include "attn/shape.hpp"

namespace attn {

/// Most threads that can be asked for.
inline constexpr int kMaxThreads = 64;

/// Threads that take part in a parallel_for, the caller among them. Starts or stops threads.
/// Throws RANGE unless 1 <= n <= kMaxThreads, and UNSUPPORTED where threads cannot start (then the number is 1).
/// Not while a parallel_for runs.
void set_num_threads(int n);
int num_threads();

/// What parallel_for calls: a reference, which costs nothing to make and, unlike std::function, next to nothing to
/// compile.
class Body {
 public:
  template <class F>
  Body(const F& f)
      : f_(&f), call_([](const void* p, Index begin, Index end) { (*static_cast<const F*>(p))(begin, end); }) {}

  void operator()(Index begin, Index end) const { call_(f_, begin, end); }

 private:
  const void* f_;
  void (*call_)(const void*, Index, Index);
};

/// body(begin, end) over [0, count) in pieces of `grain` (the last may be shorter), on every thread of the pool.
/// Pieces are fixed by count and grain alone and must not share outputs, so results are the same bits for any number
/// of threads. One piece, one thread, or a call from inside a body runs inline. The first exception is thrown again.
/// Callers on threads of their own take turns, so a body must not wait for another's parallel_for.
void parallel_for(Index count, Index grain, const Body& body);

}  // namespace attn
