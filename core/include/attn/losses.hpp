#pragma once
// Losses, named and reduced as PyTorch's.

#include "attn/tensor.hpp"

namespace attn {

enum class LossReduction { none, mean, sum };
constexpr const char* name_of(LossReduction x) {
  switch (x) {
    case LossReduction::none: return "none";
    case LossReduction::mean: return "mean";
    case LossReduction::sum: return "sum";
  }
  return nullptr;
}

struct CrossEntropyOptions {
  Tensor weight{};             ///< [C], none: 1 each
  Index ignore_index = -100;   ///< rows with this class count for nothing
  double label_smoothing = 0;  ///< from 0 to 1
  LossReduction reduction = LossReduction::mean;
};
/// -Σ_c target_c weight_c log softmax(logits)_c for each row; mean: divided by the rows' own weights. logits [C], [N,C]
/// or [N,C,d...]; target classes int32 [], [N] or [N,d...], or probabilities of logits' shape. Fused: the log-softmax
/// is never in memory. Throws SHAPE, TYPE, RANGE for a class that is not there.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

struct BinaryCrossEntropyOptions {
  Tensor weight{};      ///< broadcasts to the logits; scales each loss
  Tensor pos_weight{};  ///< broadcasts to the logits; scales what a target of 1 contributes
  LossReduction reduction = LossReduction::mean;
};
/// -(pos_weight · t · log σ(x) + (1 - t) · log(1 - σ(x))) · weight, elementwise, without overflow. The shapes of logits
/// and target must be equal.
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options = {});

/// (input - target)², elementwise; shapes must be equal.
Tensor mse_loss(const Tensor& input, const Tensor& target, LossReduction reduction = LossReduction::mean);

}  // namespace attn
