#include "attn/nn/layers.hpp"

#include <cmath>

#include "attn/error.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

void require_last(const char* op, const Tensor& x, Index size) {
  if (x.rank() < 1 || x.size(-1) != size)
    throw Error(ErrorCode::shape, op, "x must end in " + std::to_string(size) + ", got " + to_string(x.shape()),
                {x.shape()});
}

Tensor ones_if(bool wanted, Index size) { return wanted ? ones({size}) : Tensor(); }

}  // namespace

Linear::Linear(const LinearOptions& o)
    : weight(register_parameter("weight", uniform_fan({at_least_1("Linear", "out_features", o.out_features),
                                                       at_least_1("Linear", "in_features", o.in_features)},
                                                      o.in_features))),
      bias(register_parameter("bias", o.bias ? uniform_fan({o.out_features}, o.in_features) : Tensor())) {}

Embedding::Embedding(const EmbeddingOptions& o)
    : weight(register_parameter("weight", randn({at_least_1("Embedding", "num_embeddings", o.num_embeddings),
                                                 at_least_1("Embedding", "embedding_dim", o.embedding_dim)}))),
      padding_idx_(o.padding_idx) {
  if (!padding_idx_) return;
  if (*padding_idx_ < -o.num_embeddings || *padding_idx_ >= o.num_embeddings)
    throw Error(ErrorCode::range, "Embedding",
                "padding_idx must be one of " + std::to_string(o.num_embeddings) + " rows, got " +
                    std::to_string(*padding_idx_));
  if (*padding_idx_ < 0) *padding_idx_ += o.num_embeddings;
  for (Index i = 0; i < o.embedding_dim; ++i) weight.data()[*padding_idx_ * o.embedding_dim + i] = 0;
}

Tensor Embedding::forward(const Tensor& indices) const { return embedding(indices, weight, padding_idx_); }

LayerNorm::LayerNorm(const NormOptions& o)
    : weight(register_parameter(
          "weight", ones_if(o.elementwise_affine, at_least_1("LayerNorm", "normalized_shape", o.normalized_shape)))),
      bias(register_parameter("bias", o.elementwise_affine && o.bias ? zeros({o.normalized_shape}) : Tensor())),
      size_(o.normalized_shape),
      eps_(o.eps.value_or(1e-5)) {}

Tensor LayerNorm::forward(const Tensor& x) const {
  require_last("LayerNorm", x, size_);
  return layer_norm(x, weight, bias, eps_);
}

RMSNorm::RMSNorm(const NormOptions& o)
    : weight(register_parameter(
          "weight", ones_if(o.elementwise_affine, at_least_1("RMSNorm", "normalized_shape", o.normalized_shape)))),
      size_(o.normalized_shape),
      eps_(o.eps.value_or(1e-6)) {}

Tensor RMSNorm::forward(const Tensor& x) const {
  require_last("RMSNorm", x, size_);
  return rms_norm(x, weight, eps_);
}

Dropout::Dropout(double p) : p_(probability("Dropout", p)) {}

Sequential::Sequential(const std::vector<std::shared_ptr<Layer>>& layers) : layers_(layers) {
  for (std::size_t i = 0; i < layers_.size(); ++i) register_module(std::to_string(i), layers_[i]);
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (const auto& layer : layers_) y = layer->forward(y);
  return y;
}

}  // namespace attn::nn
