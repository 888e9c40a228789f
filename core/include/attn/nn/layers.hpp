#pragma once
// The layers that take one tensor to one tensor, and their chain. Names, arguments and first values are PyTorch's.

#include "attn/functional.hpp"
#include "attn/nn/module.hpp"

namespace attn::nn {

/// A module from one tensor to one: what Sequential chains.
class Layer : public Module {
 public:
  virtual Tensor forward(const Tensor& x) const = 0;
};

struct LinearOptions {
  Index in_features, out_features;
  bool bias = true;
};
/// x · weightᵀ + bias; x [...,I], weight [O,I], bias [O], both uniform within ±1/√I at first. Throws RANGE for sizes
/// below 1.
class Linear : public Layer {
 public:
  explicit Linear(const LinearOptions& options);
  Tensor forward(const Tensor& x) const override { return linear(x, weight, bias); }

  Tensor &weight, &bias;
};

struct EmbeddingOptions {
  Index num_embeddings, embedding_dim;
  std::optional<Index> padding_idx{};  ///< a row that is zero at first and never learns; negative counts from the end
};
/// The rows of weight [N,D] that int32 indices [...] name: [...,D]. Standard normal at first. Throws RANGE for an index
/// that is not there.
class Embedding : public Layer {
 public:
  explicit Embedding(const EmbeddingOptions& options);
  Tensor forward(const Tensor& indices) const override;

  Tensor& weight;

 private:
  std::optional<Index> padding_idx_;
};

struct NormOptions {
  Index normalized_shape;       ///< the last dimension's size
  std::optional<double> eps{};  ///< 1e-5 unless told, of RMSNorm 1e-6
  bool elementwise_affine = true;
  bool bias = true;  ///< of LayerNorm alone
};
/// Ba et al. 2016, arXiv:1607.06450; see ops::layer_norm. weight of ones, bias of zeros at first.
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(const NormOptions& options);
  Tensor forward(const Tensor& x) const override;

  Tensor &weight, &bias;

 private:
  Index size_;
  double eps_;
};
/// Zhang & Sennrich 2019, arXiv:1910.07467; see ops::rms_norm.
class RMSNorm : public Layer {
 public:
  explicit RMSNorm(const NormOptions& options);
  Tensor forward(const Tensor& x) const override;

  Tensor& weight;

 private:
  Index size_;
  double eps_;
};

/// attn::dropout while training, nothing else. Srivastava et al. 2014, JMLR 15.
class Dropout : public Layer {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const override { return training() ? dropout(x, p_) : x; }

 private:
  double p_;
};

/// PyTorch's ReLU, GELU in both forms, SiLU, Tanh and Sigmoid in one.
class Activation : public Layer {
 public:
  explicit Activation(ops::Unary f) : f_(f) {}
  Tensor forward(const Tensor& x) const override { return unary(f_, x); }

 private:
  ops::Unary f_;
};

/// One layer after the other; they are named "0", "1", …
class Sequential : public Layer {
 public:
  explicit Sequential(const std::vector<std::shared_ptr<Layer>>& layers);
  Tensor forward(const Tensor& x) const override;

 private:
  std::vector<std::shared_ptr<Layer>> layers_;
};

}  // namespace attn::nn
