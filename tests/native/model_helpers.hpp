#pragma once
// What tests of models share.

#include "attn/nn/module.hpp"
#include "helpers.hpp"

namespace test {

/// Tokens [B,T] below `vocab_size`.
Tensor random_tokens(Random& random, Index batch, Index steps, Index vocab_size);

/// Every parameter anew, uniform within ±limit, but norms' weights about 1: wide enough for logits to differ.
void randomize(const attn::nn::Module& model, Random& random, float limit);

/// All that a probe sees, in order.
struct Seen {
  std::vector<std::pair<std::string, Tensor>> activations{};

  attn::Probe probe();
  std::vector<std::string> names() const;
  const Tensor& at(std::string_view name) const;
};
/// Changes one activation.
attn::Probe replacing(std::string_view name, const std::function<Tensor(const Tensor&)>& by);

/// That two ways of computing the same logits agree: n roundings of the largest. n counts those of every sum that a
/// logit passes through one behind the other; norms see to it that a relative error does not grow from block to block.
void check_same_logits(const Tensor& got, const Tensor& want, double roundings);

/// That these are normal numbers around 0, as far as their squares tell: the variance of the mean of n is 2/n of the
/// square of what is expected, and they must be within five deviations.
void check_deviation(const Tensor& x, double deviation);
/// That dropout of one half stood between a and b: half of their elements are equal, within five deviations.
void check_half(const Tensor& a, const Tensor& b);

bool differ(const Tensor& a, const Tensor& b);  ///< by more than a thousandth of the largest

}  // namespace test
