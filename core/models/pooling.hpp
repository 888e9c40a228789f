#pragma once
// From a row for each token to one for the sequence.

#include <memory>

#include "attn/nn/layers.hpp"
#include "attn/probe.hpp"

namespace attn::models {

/// The row of a learned token before the others (Devlin et al. 2019, arXiv:1810.04805); a sum of the rows with learned
/// weights; their mean.
enum class Pooling { cls, attention, mean };
constexpr const char* name_of(Pooling x) {
  constexpr const char* names[] = {"cls", "attention", "mean"};
  return names[static_cast<int>(x)];
}

/// Padded rows count for nothing, whatever they hold; padding is [B,T], 1 for these, or none.
/// attention: out = Σ_t weights_t x_t, weights = softmax_t(query · tanh(W x_t + b)), of Yang et al. 2016, "Hierarchical
/// attention networks for document classification", section 2.2. With mean the weights are equal.
/// Parameters: cls [1,D], normal with `deviation` at first; or proj.weight [D,D], proj.bias [D] and query [D], as
/// nn::Linear begins. The probe sees "scores" with attention, and, but with cls, "weights" [B,T].
class Pool : public nn::Module {
 public:
  Pool(Pooling kind, Index d_model, double deviation);

  /// x [B,T,D] as the encoder should see it: with cls [B,1+T,D], else x itself. Padding likewise.
  Tensor prepend(const Tensor& x) const;
  Tensor prepend_padding(const Tensor& padding) const;
  /// x as the encoder gave it, padding as prepend_padding did -> [B,D].
  Tensor forward(const Tensor& x, const Tensor& padding, const Probe& probe = {}) const;

 private:
  /// mask: 0 where padding is 0, else -inf.
  Tensor weights(const Tensor& x, const Tensor& padding, const Tensor& mask, const Probe& probe) const;

  Pooling kind_;
  Tensor &cls_, &query_;
  std::shared_ptr<nn::Linear> proj_;
};

}  // namespace attn::models
