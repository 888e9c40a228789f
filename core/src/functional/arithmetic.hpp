#pragma once
// Tensors' arithmetic in few words.

#include "attn/functional.hpp"

namespace attn::detail {

inline Tensor plus(const Tensor& a, const Tensor& b) { return binary(ops::Binary::add, a, b); }
inline Tensor minus(const Tensor& a, const Tensor& b) { return binary(ops::Binary::sub, a, b); }
inline Tensor times(const Tensor& a, const Tensor& b) { return binary(ops::Binary::mul, a, b); }
inline Tensor over(const Tensor& a, const Tensor& b) { return binary(ops::Binary::div, a, b); }
/// The last two dimensions, exchanged.
inline Tensor turned(const Tensor& x) { return transpose(x, -1, -2); }

}  // namespace attn::detail
