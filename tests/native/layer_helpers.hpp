#pragma once
// What the tests of attention and Transformer layers share.

#include "helpers.hpp"

namespace test {

using NamesAndShapes = std::vector<std::pair<std::string, std::string>>;

/// In this order.
void check_parameters(const attn::nn::Module& module, const NamesAndShapes& names_and_shapes);

std::vector<std::string> names(const attn::nn::NamedTensors& tensors);

/// A probe that puts an equal tensor in the place of each, so that attention's plain path makes the result.
attn::Probe copying();

/// The output of attention to memory, and the gradients that a fixed one of the output gives: of query, memory and
/// every parameter.
struct Run {
  Tensor output;
  std::vector<Tensor> gradients;
};
Run run_attention(const attn::nn::MultiheadAttention& attention, const Tensor& query, const Tensor& memory,
                  const attn::nn::MultiheadAttentionCall& call);

/// How far an output may lie from the exact one, where masks add at most 32 to a score.
double attention_bound(const attn::nn::MultiheadAttention& attention, const Tensor& query, const Tensor& memory);

}  // namespace test
