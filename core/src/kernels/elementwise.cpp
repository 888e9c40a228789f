#include "elementwise.hpp"

#include "../simd.hpp"
#include "exp.hpp"

namespace attn::kernels {

template <class Arch>
void unary(ops::Unary f, Index n, const float* x, float* out) {
  using V = simd::batch<Arch>;
  const V zero(0.0f);
  switch (f) {
    // By its sign bit: xsimd's AVX-512 negates by 0 - v, which loses -0.
    case ops::Unary::neg: return simd::map<Arch>(n, x, out, [](V v) { return v ^ V(-0.0f); });
    case ops::Unary::exp: return simd::map<Arch>(n, x, out, Exp<Arch>());
    case ops::Unary::log: return simd::map<Arch>(n, x, out, [](V v) { return xsimd::log(v); });
    case ops::Unary::sqrt: return simd::map<Arch>(n, x, out, [](V v) { return xsimd::sqrt(v); });
    case ops::Unary::tanh: return simd::map<Arch>(n, x, out, Tanh<Arch>());
    case ops::Unary::sigmoid: return simd::map<Arch>(n, x, out, Sigmoid<Arch>());
    // Not max(v, 0), which turns NaN into 0.
    case ops::Unary::relu: return simd::map<Arch>(n, x, out, [=](V v) { return xsimd::select(v < zero, zero, v); });
    case ops::Unary::gelu: return simd::map<Arch>(n, x, out, Gelu<Arch>());
    case ops::Unary::silu:
      return simd::map<Arch>(n, x, out, [sigmoid = Sigmoid<Arch>()](V v) { return v * sigmoid(v); });
    case ops::Unary::gelu_tanh: return simd::map<Arch>(n, x, out, GeluTanh<Arch>());
  }
}

template <class Arch>
void unary_backward(ops::Unary f, Index n, const float* kept, const float* gradient, float* out) {
  using V = simd::batch<Arch>;
  const V one(1.0f), half(0.5f), zero(0.0f);
  const auto each = [&](auto slope) { simd::map<Arch>(n, kept, gradient, out, slope); };
  switch (f) {
    case ops::Unary::neg: return each([](V, V g) { return -g; });
    case ops::Unary::exp: return each([](V y, V g) { return g * y; });
    case ops::Unary::log: return each([](V x, V g) { return g / x; });
    case ops::Unary::sqrt: return each([=](V y, V g) { return g * half / y; });
    case ops::Unary::tanh: return each([=](V y, V g) { return g * (one - y * y); });
    case ops::Unary::sigmoid: return each([=](V y, V g) { return g * y * (one - y); });
    case ops::Unary::relu: return each([=](V y, V g) { return xsimd::select(y > zero, g, zero); });
    case ops::Unary::gelu: return each([gelu = Gelu<Arch>()](V x, V g) { return g * gelu.slope(x); });
    case ops::Unary::silu:
      return each([=, sigmoid = Sigmoid<Arch>()](V x, V g) {
        const V s = sigmoid(x);
        return g * s * (one + x * (one - s));
      });
    case ops::Unary::gelu_tanh: return each([gelu = GeluTanh<Arch>()](V x, V g) { return g * gelu.slope(x); });
  }
}

namespace {

template <class Arch, class F>
void run(Index n, const float* a, Index a_step, const float* b, Index b_step, float* out, F f) {
  using V = simd::batch<Arch>;
  if (a_step && b_step) return simd::map<Arch>(n, a, b, out, f);
  if (n == 0) return;
  if (a_step) return simd::map<Arch>(n, a, out, [f, y = V(*b)](V x) { return f(x, y); });
  if (b_step) return simd::map<Arch>(n, b, out, [f, x = V(*a)](V y) { return f(x, y); });
  simd::map<Arch>(1, a, b, out, f);
  for (Index i = 1; i < n; ++i) out[i] = out[0];
}

}  // namespace

template <class Arch>
void binary(ops::Binary f, Index n, const float* a, Index a_step, const float* b, Index b_step, float* out) {
  using V = simd::batch<Arch>;
  switch (f) {
    case ops::Binary::add: return run<Arch>(n, a, a_step, b, b_step, out, [](V x, V y) { return x + y; });
    case ops::Binary::sub: return run<Arch>(n, a, a_step, b, b_step, out, [](V x, V y) { return x - y; });
    case ops::Binary::mul: return run<Arch>(n, a, a_step, b, b_step, out, [](V x, V y) { return x * y; });
    case ops::Binary::div: return run<Arch>(n, a, a_step, b, b_step, out, [](V x, V y) { return x / y; });
    // xsimd's exp(y·log x) gives 0⁰ = 0, and NaN where IEEE has 1: x⁰ and 1^y for every x and y, NaN too.
    case ops::Binary::pow:
      return run<Arch>(n, a, a_step, b, b_step, out, [](V x, V y) {
        return xsimd::select((y == V(0.0f)) || (x == V(1.0f)), V(1.0f), xsimd::pow(x, y));
      });
  }
}

template <class Arch>
void copy(Index n, const float* x, float* out) {
  simd::map<Arch>(n, x, out, [](simd::batch<Arch> v) { return v; });
}

template <class Arch>
void fill(Index n, float value, float* out) {
  for (Index i = 0; i < n; ++i) out[i] = value;
}

template <class Arch>
void scale(Index n, const float* x, float factor, float* out) {
  using V = simd::batch<Arch>;
  simd::map<Arch>(n, x, out, [y = V(factor)](V v) { return v * y; });
}

template void unary<simd::Arch>(ops::Unary, Index, const float*, float*);
template void unary_backward<simd::Arch>(ops::Unary, Index, const float*, const float*, float*);
template void binary<simd::Arch>(ops::Binary, Index, const float*, Index, const float*, Index, float*);
template void copy<simd::Arch>(Index, const float*, float*);
template void fill<simd::Arch>(Index, float, float*);
template void scale<simd::Arch>(Index, const float*, float, float*);

}  // namespace attn::kernels
