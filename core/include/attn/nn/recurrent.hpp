#pragma once
// The recurrent layer.

#include <vector>

#include "attn/functional.hpp"
#include "attn/nn/module.hpp"
#include "attn/probe.hpp"

namespace attn::nn {

struct GRUOptions {
  Index input_size, hidden_size;
  Index num_layers = 1;  ///< each above the first reads the outputs of the one below
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;  ///< between layers, while training
  bool bidirectional = false;
};

/// Gated recurrent units; each step of each layer is attn::gru_cell of W_ih x + b_ih and W_hh h + b_hh. State as
/// PyTorch's: weight_ih_l0 [3H,I], weight_hh_l0 [3H,H], bias_ih_l0 and bias_hh_l0 [3H], gates in the order r, z, n,
/// then
/// ..._l0_reverse, then ..._l1, whose input is [2H] where there are two directions; all uniform within ±1/√H at first.
/// Source: Cho et al. 2014, arXiv:1406.1078, with the reset gate after the product, as in cuDNN and PyTorch.
class GRU : public Module {
 public:
  struct Result {
    Tensor output;  ///< [T,B,D·H], of the last layer; D directions
    Tensor hn;      ///< [layers·D,B,H], each layer's and direction's last state
  };

  /// Throws RANGE for sizes below 1, or a dropout that is no probability.
  explicit GRU(const GRUOptions& options);

  /// x [T,B,I], or [B,T,I] where batch_first, or [T,I] without a batch; h0 [layers·D,B,H], or zeros without it; output
  /// is laid out as x is, hn as h0. The probe sees each layer's and direction's outputs [T,B,H] as "output_l0",
  /// "output_l0_reverse", ... Throws SHAPE, TYPE.
  Result forward(const Tensor& x, const Tensor& h0 = {}, const Probe& probe = {}) const;

 private:
  struct Direction {
    Tensor &weight_ih, &weight_hh, &bias_ih, &bias_hh;
    std::string suffix;  ///< "l0", "l0_reverse", ...
    bool reverse;
  };

  Tensor run(const Direction& way, const Tensor& x, const Tensor& h0) const;
  void check(const Tensor& x, const Tensor& h0) const;

  GRUOptions options_;
  std::vector<Direction> directions_;
};

}  // namespace attn::nn
