#pragma once
// A second opinion on every operator: double precision, plain std, slow and obvious. It is written from the formulas in
// the public headers and shares nothing with the core but the type of a shape, so a bug in one is not a bug in the
// other.

#include <optional>
#include <vector>

#include "attn/shape.hpp"
#include "function.hpp"

namespace reference {

using attn::Index;
using attn::Shape;

/// Row-major.
struct Array {
  Shape shape;
  std::vector<double> data;

  double& operator[](Index i) { return data[static_cast<std::size_t>(i)]; }
  double operator[](Index i) const { return data[static_cast<std::size_t>(i)]; }
  Index size() const { return static_cast<Index>(data.size()); }
  bool empty() const { return data.empty(); }
};

Array filled(const Shape& shape, double value);

// Elementwise.
Array map(const test::Function<double(double)>& f, const Array& x);
Array combine(const test::Function<double(double, double)>& f, const Array& a, const Array& b);  ///< broadcasts
double sigmoid(double x);
double gelu(double x);
double gelu_tanh(double x);
double silu(double x);

/// The element that stands at position `flat` of `to` after `x` is broadcast to it.
double broadcast_at(const Array& x, const Shape& to, Index flat);

// Over dimension `dim` of any shape; the dimension is left out of the result.
Array sum(const Array& x, Index dim);
Array mean(const Array& x, Index dim);
Array max(const Array& x, Index dim);  ///< NaN where one is among them

Array matmul(const Array& a, const Array& b);  ///< rank >= 2, leading dimensions broadcast
Array transpose(const Array& x);               ///< of a matrix

// Over the last dimension.
Array softmax(const Array& x);
Array log_softmax(const Array& x);
Array entropy(const Array& weights);

Array conv1d(const Array& input, const Array& weight, const Array& bias, Index stride, Index padding);
Array sinusoidal(Index length, Index dim);

enum class Score { dot, scaled_dot, sqrt_norm, cosine, general, additive, location };
enum class Normalizer { softmax, sum, double_softmax, sparsemax };

struct Mask {
  bool causal = false;
  std::optional<Index> window;
  std::vector<Index> lengths;
  Array additive;
};

struct AttendOptions {
  Score score = Score::scaled_dot;
  Normalizer normalizer = Normalizer::softmax;
  Mask mask;
  std::optional<double> scale;
  double temperature = 1;
  Index heads = 1;
  Array weight, bias, query_weight, key_weight, score_vector;
};

struct Attention {
  Array scores, scaled, masked, weights, output;
  Array magnitude;  ///< of each score: the sum of the absolute values of its terms, which bounds what rounding can do
};

/// The normaliser on one row. `masked` is -inf exactly where a key is masked.
std::vector<double> normalize(Normalizer normalizer, const std::vector<double>& masked);

Attention attend(const Array& query, const Array& key, const Array& value, const AttendOptions& options);

/// attend's output with a scaled dot product and softmax.
Attention scaled_dot_product_attention(const Array& query, const Array& key, const Array& value, const Mask& mask,
                                       std::optional<double> scale);

struct MultiHeadWeights {
  Array in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias;
};
struct MultiHead {
  Array query, key, value;  ///< after their projections
  Attention heads;          ///< weights [...,H,T,S], output [...,T,E]
  Array output;
};
MultiHead multi_head_attention_forward(const Array& query, const Array& key, const Array& value, Index num_heads,
                                       const MultiHeadWeights& weights, const Mask& mask);

}  // namespace reference
