#include "elementwise.hpp"

#include <algorithm>

#include "../simd.hpp"

namespace attn::kernels {

using simd::batch;

void unary(ops::Unary f, Index n, const float* x, float* out) {
  const batch one(1.0f), half(0.5f), zero(0.0f);
  switch (f) {
    case ops::Unary::neg: return simd::map(n, x, out, [](batch v) { return -v; });
    case ops::Unary::exp: return simd::map(n, x, out, [](batch v) { return xsimd::exp(v); });
    case ops::Unary::log: return simd::map(n, x, out, [](batch v) { return xsimd::log(v); });
    case ops::Unary::sqrt: return simd::map(n, x, out, [](batch v) { return xsimd::sqrt(v); });
    case ops::Unary::tanh: return simd::map(n, x, out, [](batch v) { return xsimd::tanh(v); });
    case ops::Unary::sigmoid: return simd::map(n, x, out, [=](batch v) { return one / (one + xsimd::exp(-v)); });
    // Not max(v, 0), which turns NaN into 0.
    case ops::Unary::relu: return simd::map(n, x, out, [=](batch v) { return xsimd::select(v < zero, zero, v); });
    case ops::Unary::gelu:
      return simd::map(n, x, out,
                       [=](batch v) { return half * v * (one + xsimd::erf(v * batch(0.70710678118654752f))); });
    case ops::Unary::silu: return simd::map(n, x, out, [=](batch v) { return v / (one + xsimd::exp(-v)); });
  }
}

namespace {

template <class F>
void run(Index n, const float* a, Index a_step, const float* b, Index b_step, float* out, F f) {
  if (a_step && b_step) return simd::map(n, a, b, out, f);
  if (n == 0) return;
  if (a_step) return simd::map(n, a, out, [f, y = batch(*b)](batch x) { return f(x, y); });
  if (b_step) return simd::map(n, b, out, [f, x = batch(*a)](batch y) { return f(x, y); });
  simd::map(1, a, b, out, f);
  std::fill_n(out + 1, n - 1, out[0]);
}

}  // namespace

void binary(ops::Binary f, Index n, const float* a, Index a_step, const float* b, Index b_step, float* out) {
  switch (f) {
    case ops::Binary::add: return run(n, a, a_step, b, b_step, out, [](batch x, batch y) { return x + y; });
    case ops::Binary::sub: return run(n, a, a_step, b, b_step, out, [](batch x, batch y) { return x - y; });
    case ops::Binary::mul: return run(n, a, a_step, b, b_step, out, [](batch x, batch y) { return x * y; });
    case ops::Binary::div: return run(n, a, a_step, b, b_step, out, [](batch x, batch y) { return x / y; });
    // xsimd's exp(y·log x) gives 0⁰ = 0, and NaN where IEEE has 1: x⁰ and 1^y for every x and y, NaN too.
    case ops::Binary::pow:
      return run(n, a, a_step, b, b_step, out, [](batch x, batch y) {
        return xsimd::select((y == batch(0.0f)) || (x == batch(1.0f)), batch(1.0f), xsimd::pow(x, y));
      });
  }
}

void scale(Index n, const float* x, float factor, float* out) {
  simd::map(n, x, out, [y = batch(factor)](batch v) { return v * y; });
}

}  // namespace attn::kernels
