#include "scratch.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "attn/error.hpp"

namespace attn::detail {

namespace {

constexpr std::align_val_t kAlignment{64};
/// Floats that a thread keeps in all: 16 MB.
constexpr Index kMost = Index{1} << 22;

/// What a thread keeps: of the pieces that it gave back last, as many as there is room for.
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
    remove(best);
    return piece;
  }

  void give(float* data, Index capacity) {
    if (capacity > kMost) return ::operator delete(data, kAlignment);
    while (count_ == kPieces || floats_ + capacity > kMost) drop(0);
    pieces_[count_++] = {data, capacity};
    floats_ += capacity;
  }

 private:
  static constexpr int kPieces = 8;

  void drop(int at) {
    ::operator delete(pieces_[at].first, kAlignment);
    remove(at);
  }
  void remove(int at) {
    floats_ -= pieces_[at].second;
    std::move(pieces_ + at + 1, pieces_ + count_, pieces_ + at);  // the oldest first
    --count_;
  }

  std::pair<float*, Index> pieces_[kPieces] = {};
  int count_ = 0;
  Index floats_ = 0;
};

Kept& kept() {
  thread_local Kept instance;
  return instance;
}

}  // namespace

Scratch::Scratch(const char* op, std::int64_t wanted) {
  const auto fail = [&] {
    return Error(ErrorCode::oom, op, "no memory for " + std::to_string(wanted) + " floats of scratch");
  };
  if (wanted > std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(float))) throw fail();
  const auto floats = static_cast<Index>(wanted);
  if (const auto [data, capacity] = kept().take(floats); data) {
    data_ = data;
    capacity_ = capacity;
    return;
  }
  try {
    data_ = static_cast<float*>(::operator new(static_cast<std::size_t>(floats) * sizeof(float), kAlignment));
  } catch (const std::bad_alloc&) {
    throw fail();
  }
  capacity_ = floats;
}

Scratch::~Scratch() { kept().give(data_, capacity_); }

}  // namespace attn::detail
