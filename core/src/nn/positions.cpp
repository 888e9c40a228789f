#include "attn/nn/positions.hpp"

#include "attn/error.hpp"
#include "init.hpp"

namespace attn::nn {

namespace {

Shape table_shape(const char* layer, const PositionsOptions& o) {
  return {at_least_1(layer, "num_positions", o.num_positions), at_least_1(layer, "embedding_dim", o.embedding_dim)};
}

/// x [...,T,D] + table[first … first + T - 1].
Tensor add_rows(const char* op, const Tensor& x, const Tensor& table, Index first) {
  if (x.rank() < 2 || x.size(-1) != table.size(1))
    throw Error(ErrorCode::shape, op,
                "x must be [...,T," + std::to_string(table.size(1)) + "], got " + to_string(x.shape()), {x.shape()});
  const Index length = x.size(-2);
  if (first < 0 || length > table.size(0) || first > table.size(0) - length)
    throw Error(ErrorCode::range, op,
                "there are " + std::to_string(table.size(0)) + " positions, got " + std::to_string(length) +
                    " rows from position " + std::to_string(first));
  return plus(x, slice(table, 0, first, first + length));
}

}  // namespace

LearnedPositions::LearnedPositions(const PositionsOptions& o)
    : weight(register_parameter("weight", randn(table_shape("LearnedPositions", o)))) {}

Tensor LearnedPositions::forward(const Tensor& x, Index first) const {
  return add_rows("LearnedPositions", x, weight, first);
}

SinusoidalPositions::SinusoidalPositions(const PositionsOptions& o) {
  const Shape shape = table_shape("SinusoidalPositions", o);
  table_ = sinusoidal(shape[0], shape[1]);
}

Tensor SinusoidalPositions::forward(const Tensor& x, Index first) const {
  return add_rows("SinusoidalPositions", x, table_, first);
}

}  // namespace attn::nn
