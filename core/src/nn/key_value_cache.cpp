#include "attn/error.hpp"
#include "attn/nn/attention.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

/// Steps [begin, end) of x [B,G,capacity,D], without a note.
Tensor steps(const Tensor& x, Index begin, Index end) {
  if (!x.defined()) return x;
  return slice(x.detach(), 2, begin, end);
}

}  // namespace

KeyValueCache::KeyValueCache(Index capacity) : capacity_(at_least_1("KeyValueCache", "capacity", capacity)) {}

KeyValueCache::KeyValueCache(const KeyValueCache& other) : capacity_(other.capacity_) {
  if (other.keys_.defined()) append(other.keys(), other.values());
}
KeyValueCache& KeyValueCache::operator=(const KeyValueCache& other) { return *this = KeyValueCache(other); }

Tensor KeyValueCache::keys() const { return steps(keys_, 0, length_); }
Tensor KeyValueCache::values() const { return steps(values_, 0, length_); }

void KeyValueCache::append(const Tensor& keys, const Tensor& values) {
  constexpr const char* op = "KeyValueCache";
  for (const auto& [x, held] : {std::pair(&keys, &keys_), std::pair(&values, &values_)}) {
    const bool fits = !held->defined() || (x->rank() == 4 && x->size(0) == held->size(0) &&
                                           x->size(1) == held->size(1) && x->size(3) == held->size(3));
    if (x->rank() != 4 || x->size(2) != keys.size(2) || !fits)
      throw Error(ErrorCode::shape, op,
                  "keys and values must be [B,G,T,D] of equal T, and fit what is held, " + to_string(held->shape()) +
                      ", got " + to_string(keys.shape()) + " and " + to_string(values.shape()),
                  {held->shape(), keys.shape(), values.shape()});
  }
  const Index length = length_ + keys.size(2);
  if (length > capacity_)
    throw Error(
        ErrorCode::range, op,
        "there is room for " + std::to_string(capacity_) + " steps, and these would be " + std::to_string(length));
  if (!keys_.defined()) {
    const auto room = [&](const Tensor& x) { return Tensor::empty({x.size(0), x.size(1), capacity_, x.size(3)}); };
    const Tensor for_keys = room(keys), for_values = room(values);
    keys_ = for_keys, values_ = for_values;
  }
  ops::copy<float>(keys.view(), steps(keys_, length_, length).out());
  ops::copy<float>(values.view(), steps(values_, length_, length).out());
  keys_.written();
  values_.written();
  length_ = length;
}

void KeyValueCache::truncate(Index length) {
  if (length < 0 || length > length_)
    throw Error(ErrorCode::range, "KeyValueCache",
                "length must be from 0 to " + std::to_string(length_) + ", got " + std::to_string(length));
  length_ = length;
}

}  // namespace attn::nn
