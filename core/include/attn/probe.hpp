#pragma once
// The one seam through which a model's inside is seen and changed.

#include <functional>
#include <string>
#include <string_view>

#include "attn/tensor.hpp"

namespace attn {

/// Passes named activations ("blocks.0.attn.scores") through a function that may look at one, or return another of the
/// same shape for the model to go on with. Looking costs time and memory but changes nothing, bit for bit: which path
/// makes a result never depends on the probe. An activation that a fused path never makes is made beside it for a probe
/// to see, `if (probe)`; once that has put another tensor in its place, what follows from that is the result. Without a
/// function it costs nothing.
class Probe {
 public:
  using See = std::function<Tensor(const std::string& name, const Tensor& activation)>;

  Probe() = default;
  /// `see` returns its argument, or none, to leave it as it is.
  Probe(See see);  // NOLINT: a function is a probe

  explicit operator bool() const { return static_cast<bool>(see_); }
  /// x, or what the function returned in its place. Throws SHAPE where that has another shape.
  Tensor operator()(std::string_view name, const Tensor& x) const;
  /// For a part of the model: its names stand behind "part.".
  Probe at(std::string_view part) const;
  Probe at(Index part) const { return see_ ? at(std::to_string(part)) : Probe(); }

 private:
  See see_{};
  std::string prefix_{};
};

}  // namespace attn
