#pragma once
// What the program can be asked to measure: a call that is ready to be made, again and again.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attn/shape.hpp"

namespace bench {

/// A tensor of a benchmark's own: the operators are measured on views, so that neither side pays for an allocation.
struct Array {
  explicit Array(attn::Shape sizes) : shape(std::move(sizes)), numbers(static_cast<std::size_t>(attn::numel(shape))) {}
  attn::In in() const { return {numbers.data(), shape, attn::row_major_strides(shape)}; }
  attn::Out out() { return {numbers.data(), shape, attn::row_major_strides(shape)}; }

  attn::Shape shape;
  std::vector<float> numbers;
};

/// inputs are filled by the one who asked, in this order, before the first call; output may be null.
struct Work {
  std::vector<std::shared_ptr<Array>> inputs{};
  std::shared_ptr<Array> output{};
  std::function<void()> call;
};

using Sizes = std::vector<attn::Index>;
Work matmul(const Sizes& m_k_n);
Work attention(const Sizes& heads_queries_keys_dim);
Work causal_attention(const Sizes& heads_queries_keys_dim);
/// From outputs and log-sum-exp to the gradients of query, key and value.
Work attention_backward(const Sizes& heads_queries_keys_dim);
Work causal_attention_backward(const Sizes& heads_queries_keys_dim);
/// Attention from the library's single operators, with all scores in memory.
Work materialised_attention(const Sizes& heads_queries_keys_dim);
/// A parallel_for of as many empty pieces as there are threads.
Work empty_parallel_for(const Sizes& none);
/// A step of training of models::GPT with AdamW and clipping. Inputs are all parameters in the order of their names,
/// tokens and targets; the output is the loss of the first call and its gradients. tied is 0 or 1.
Work gpt_step(const Sizes& batch_length_width_heads_layers_vocabulary_tied);

/// The work of a name on the command line. Throws std::invalid_argument for an unknown name or a wrong number of sizes.
Work work_of(const std::string& name, const Sizes& sizes);

}  // namespace bench
