#include "models/pooling.hpp"

#include <algorithm>
#include <cmath>

#include "models/init.hpp"
#include "src/functional/masked.hpp"
#include "src/nn/attention_masks.hpp"

namespace attn::models {

Pool::Pool(Pooling kind, Index d_model, double deviation)
    : kind_(kind),
      cls_(register_parameter("cls", kind == Pooling::cls ? Tensor::empty({1, d_model}) : Tensor())),
      query_(register_parameter("query", kind == Pooling::attention ? Tensor::empty({d_model}) : Tensor())) {
  if (kind == Pooling::cls) nn::init::normal(cls_, 0, deviation);
  if (kind != Pooling::attention) return;
  proj_ = register_module("proj", std::make_shared<nn::Linear>(nn::LinearOptions{d_model, d_model}));
  const nn::Linear first({d_model, 1, false});
  std::ranges::copy(first.weight.values(), query_.data());
}

Tensor Pool::prepend(const Tensor& x) const {
  return kind_ == Pooling::cls ? cat({index(cls_, zeros({x.size(0), 1}, DType::int32)), x}, 1) : x;
}

Tensor Pool::prepend_padding(const Tensor& padding) const {
  if (kind_ != Pooling::cls || !padding.defined()) return padding;
  return cat({zeros({padding.size(0), 1}, DType::int32), padding}, 1);
}

namespace {

/// 1 / (their number) for each row that is not padded, 0 for the others.
Tensor equal_weights(Index batch, Index steps, const Tensor& padding) {
  const Tensor weights = full({batch, steps}, 1 / static_cast<float>(steps));
  if (!padding.defined()) return weights;
  for (Index b = 0; b < batch; ++b) {
    const auto padded =
        padding.values<std::int32_t>().subspan(static_cast<std::size_t>(b * steps), static_cast<std::size_t>(steps));
    const auto count = static_cast<float>(std::ranges::count(padded, 0));
    std::ranges::transform(padded, weights.data() + b * steps, [&](std::int32_t p) { return p == 0 ? 1 / count : 0; });
  }
  return weights;
}

}  // namespace

Tensor Pool::weights(const Tensor& x, const Tensor& padding, const Tensor& mask, const Probe& probe) const {
  if (kind_ == Pooling::mean) return equal_weights(x.size(0), x.size(1), padding);
  const Tensor scores = probe("scores", matmul(linear(x, proj_->weight, proj_->bias, ops::Unary::tanh), query_));
  return softmax(detail::add_mask(scores, mask), 1);
}

Tensor Pool::forward(const Tensor& x, const Tensor& padding, const Probe& probe) const {
  const Index batch = x.size(0), steps = x.size(1), features = x.size(2);
  if (kind_ == Pooling::cls) return reshape(slice(x, 1, 0, 1), {batch, features});
  const Tensor mask = padding.defined() ? nn::additive_mask("Pool", "padding", padding) : Tensor();
  const auto row = [&](const Tensor& y) { return y.defined() ? reshape(y, {batch, 1, steps}) : y; };
  const Tensor by = probe("weights", weights(x, padding, mask, probe));
  return reshape(detail::weighted_sum(row(by), x, row(mask)), {batch, features});
}

}  // namespace attn::models
