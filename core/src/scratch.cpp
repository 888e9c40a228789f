#include "scratch.hpp"

#include <new>
#include <string>
#include <utility>

#include "attn/error.hpp"

namespace attn::detail {

namespace {

constexpr std::align_val_t kAlignment{64};
/// Larger pieces (of 16 MB) go back at once.
constexpr Index kKept = Index{1} << 22;

/// What a thread keeps: of the pieces that were in use on it at once, the largest.
class Kept {
 public:
  ~Kept() {
    while (count_ > 0) drop(0);
  }

  /// The smallest piece that is large enough, or none: equal calls then find what the first of them left.
  std::pair<float*, Index> take(Index floats) {
    int best = -1;
    for (int i = 0; i < count_; ++i)
      if (pieces_[i].second >= floats && (best < 0 || pieces_[i].second < pieces_[best].second)) best = i;
    if (best < 0) return {};
    const auto piece = pieces_[best];
    pieces_[best] = pieces_[--count_];
    return piece;
  }

  void give(float* data, Index capacity) {
    if (count_ == kMost) {
      int least = 0;
      for (int i = 1; i < count_; ++i)
        if (pieces_[i].second < pieces_[least].second) least = i;
      drop(least);
    }
    pieces_[count_++] = {data, capacity};
  }

 private:
  static constexpr int kMost = 8;

  void drop(int at) {
    ::operator delete(pieces_[at].first, kAlignment);
    pieces_[at] = pieces_[--count_];
  }

  std::pair<float*, Index> pieces_[kMost] = {};
  int count_ = 0;
};

Kept& kept() {
  thread_local Kept instance;
  return instance;
}

}  // namespace

Scratch::Scratch(const char* op, Index floats) : capacity_(floats) {
  if (const auto [data, capacity] = kept().take(floats); data) {
    data_ = data;
    capacity_ = capacity;
    return;
  }
  try {
    checked_numel(op, {floats});
    data_ = static_cast<float*>(::operator new(static_cast<std::size_t>(floats) * sizeof(float), kAlignment));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, op, "no memory for " + std::to_string(floats) + " floats of scratch");
  }
}

Scratch::~Scratch() {
  if (capacity_ <= kKept)
    kept().give(data_, capacity_);
  else
    ::operator delete(data_, kAlignment);
}

}  // namespace attn::detail
