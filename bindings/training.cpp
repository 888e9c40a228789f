// The table of what learns: gradients, losses, dropout.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

// Gradients.
bool requires_grad(const Tensor& x) { return x.requires_grad(); }
void set_requires_grad(Tensor& x, bool wanted) { x.set_requires_grad(wanted); }
bool is_leaf(const Tensor& x) { return x.is_leaf(); }
TensorPtr grad_of(const Tensor& x) { return share_or_none(x.grad()); }
void set_grad(const Tensor& x, TensorPtr gradient) { x.set_grad(tensor_or_none(gradient)); }
void backward(const Tensor& x, TensorPtr gradient, bool retain_graph) {
  x.backward(tensor_or_none(gradient), retain_graph);
}
TensorPtr detach(const Tensor& x) { return share(x.detach()); }

/// The facade's calls nest, so that this one need not.
void set_no_grad(bool on) {
  static std::optional<NoGrad> quiet;
  if (on)
    quiet.emplace();
  else
    quiet.reset();
}

// Functions of training.
TensorPtr dropout_of(const Tensor& x, double p) { return share(dropout(x, p)); }
TensorPtr embedding_of(const Tensor& indices, const Tensor& weight, double padding_idx) {
  return share(embedding(indices, weight, optional_whole(padding_idx)));
}
TensorPtr cross_entropy_of(const Tensor& logits, const Tensor& target, TensorPtr weight, int ignore_index,
                           double label_smoothing, int reduction) {
  return share(cross_entropy(logits, target,
                             {.weight = tensor_or_none(weight),
                              .ignore_index = ignore_index,
                              .label_smoothing = label_smoothing,
                              .reduction = static_cast<LossReduction>(reduction)}));
}
TensorPtr binary_cross_entropy_of(const Tensor& logits, const Tensor& target, TensorPtr weight, TensorPtr pos_weight,
                                  int reduction) {
  return share(binary_cross_entropy_with_logits(logits, target,
                                                {.weight = tensor_or_none(weight),
                                                 .pos_weight = tensor_or_none(pos_weight),
                                                 .reduction = static_cast<LossReduction>(reduction)}));
}
TensorPtr mse_loss_of(const Tensor& input, const Tensor& target, int reduction) {
  return share(mse_loss(input, target, static_cast<LossReduction>(reduction)));
}

EMSCRIPTEN_BINDINGS(training) {
  using emscripten::function;

  function("requiresGrad", guarded<&requires_grad>);
  function("setRequiresGrad", guarded<&set_requires_grad>);
  function("isLeaf", guarded<&is_leaf>);
  function("grad", guarded<&grad_of>);
  function("setGrad", guarded<&set_grad>);
  function("backward", guarded<&backward>);
  function("detach", guarded<&detach>);
  function("setNoGrad", guarded<&set_no_grad>);
  function("setDetectAnomaly", guarded<&set_detect_anomaly>);

  function("dropout", guarded<&dropout_of>);
  function("embedding", guarded<&embedding_of>);
  function("crossEntropy", guarded<&cross_entropy_of>);
  function("binaryCrossEntropyWithLogits", guarded<&binary_cross_entropy_of>);
  function("mseLoss", guarded<&mse_loss_of>);
}

}  // namespace
}  // namespace attn::js
