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

/// What a thread keeps: as many pieces as were ever in use on it at once.
struct Kept {
  static constexpr int kMost = 4;
  std::pair<float*, Index> pieces[kMost] = {};
  int count = 0;

  ~Kept() {
    while (count > 0) ::operator delete(pieces[--count].first, kAlignment);
  }
};

Kept& kept() {
  thread_local Kept instance;
  return instance;
}

}  // namespace

Scratch::Scratch(const char* op, Index floats) : capacity_(floats) {
  Kept& own = kept();
  if (own.count > 0) {
    auto [data, capacity] = own.pieces[--own.count];
    if (capacity >= floats) {
      data_ = data;
      capacity_ = capacity;
      return;
    }
    ::operator delete(data, kAlignment);
  }
  try {
    checked_numel(op, {floats});
    data_ = static_cast<float*>(::operator new(static_cast<std::size_t>(floats) * sizeof(float), kAlignment));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, op, "no memory for " + std::to_string(floats) + " floats of scratch");
  }
}

Scratch::~Scratch() {
  Kept& own = kept();
  if (capacity_ <= kKept && own.count < Kept::kMost)
    own.pieces[own.count++] = {data_, capacity_};
  else
    ::operator delete(data_, kAlignment);
}

}  // namespace attn::detail
