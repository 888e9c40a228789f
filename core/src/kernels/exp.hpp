#pragma once
// e^x and 2^x, on which the speed of attention hangs, and what is made of them. The constants of each are made before a
// loop, with the object; see simd::constant.

#include <limits>

#include "../simd.hpp"

namespace attn::kernels {

inline constexpr float kLog2e = 1.44269504f;
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// x = n ln 2 + r with |r| <= ln 2 / 2; e^x = 2^n e^r, e^r by a polynomial of degree 6 (0.05 ulp; of degree 5
/// it is 0.9).
template <class Arch>
class Exp {
  using V = simd::batch<Arch>;

 public:
  /// Within 1.2 ulp on [-87, 88.7], measured over every float there; denormals below -87.3 round twice, 0 and infinity
  /// where float32 ends. NaN gives NaN.
  [[gnu::always_inline]] V operator()(V x) const {
    x = simd::at_least<Arch>(x, V(-104.0f));
    x = simd::at_most<Arch>(x, V(89.0f));
    const V shifted = simd::mul_add<Arch>(x, log2e_, magic_);
    const V n = shifted - magic_;
    // 2^n in two factors, since n reaches from -150 to 128 and one factor only from -126 to 127.
    const auto whole = xsimd::bitwise_cast<std::int32_t>(shifted) - xsimd::bitwise_cast<std::int32_t>(magic_);
    const auto half = whole >> 1;
    return polynomial(x, n) * power(half) * power(whole - half);
  }

  /// The same for x <= 0, in fewer steps: exactly 0 below -87.7.
  [[gnu::always_inline]] V nonpositive(V x) const {
    x = simd::at_least<Arch>(x, lowest_);
    const V shifted = simd::mul_add<Arch>(x, log2e_, magic_);
    return polynomial(x, shifted - magic_) *
           xsimd::bitwise_cast<float>(xsimd::bitwise_cast<std::int32_t>(shifted) << 23);
  }

 private:
  using Integers = xsimd::batch<std::int32_t, Arch>;

  static V power(Integers n) { return xsimd::bitwise_cast<float>((n + Integers(127)) << 23); }

  [[gnu::always_inline]] V polynomial(V x, V n) const {
    V r = simd::mul_add<Arch>(n, ln2_high_, x);
    r = simd::mul_add<Arch>(n, ln2_low_, r);
    V p = simd::mul_add<Arch>(c6_, r, c5_);
    p = simd::mul_add<Arch>(p, r, c4_);
    p = simd::mul_add<Arch>(p, r, c3_);
    p = simd::mul_add<Arch>(p, r, c2_);
    p = simd::mul_add<Arch>(p, r, one_);
    return simd::mul_add<Arch>(p, r, one_);
  }

  V lowest_ = simd::constant<Arch>(-88.0f);  // n = -127, whose 2^n is 0 as bits
  V log2e_ = simd::constant<Arch>(kLog2e);
  // Adding 1.5·2^23 rounds to a whole number, which then stands in the low bits; 127 more make it the exponent's bits.
  V magic_ = simd::constant<Arch>(12582912.0f + 127.0f);
  // ln 2 in two parts, the first short enough for n times it to be exact.
  V ln2_high_ = simd::constant<Arch>(-0.693359375f), ln2_low_ = simd::constant<Arch>(2.12194440e-4f);
  V c6_ = simd::constant<Arch>(0.00138145406f), c5_ = simd::constant<Arch>(0.00836874545f);
  V c4_ = simd::constant<Arch>(0.0416683890f), c3_ = simd::constant<Arch>(0.166665211f);
  V c2_ = simd::constant<Arch>(0.49999994f), one_ = simd::constant<Arch>(1.0f);
};

/// For the scores of fused attention, which are in units of log 2: reducing the argument takes no multiplication.
/// 2^x for x <= 64: exactly 0 below -126.5, exactly 1 at 0. Within 2 ulp, measured over every float of
/// [-126, 0]: 1.77 with fused multiply-add, 1.97 without. Of degree 5, fitted for an error that is even in ulps: below
/// r = 0 they are half as wide.
template <class Arch>
class Exp2 {
  using V = simd::batch<Arch>;

 public:
  [[gnu::always_inline]] V operator()(V x) const {
    x = simd::at_least<Arch>(x, lowest_);
    const V shifted = x + magic_, r = x - (shifted - magic_);
    V p = simd::mul_add<Arch>(c5_, r, c4_);
    p = simd::mul_add<Arch>(p, r, c3_);
    p = simd::mul_add<Arch>(p, r, c2_);
    p = simd::mul_add<Arch>(p, r, c1_);
    p = simd::mul_add<Arch>(p, r, one_);
    return p * xsimd::bitwise_cast<float>(xsimd::bitwise_cast<std::int32_t>(shifted) << 23);
  }

 private:
  V lowest_ = simd::constant<Arch>(-127.0f), magic_ = simd::constant<Arch>(12582912.0f + 127.0f);  // as in Exp
  V c5_ = simd::constant<Arch>(0.00131707056f), c4_ = simd::constant<Arch>(0.00967165921f);
  V c3_ = simd::constant<Arch>(0.0555106886f), c2_ = simd::constant<Arch>(0.240222394f);
  V c1_ = simd::constant<Arch>(0.693146706f), one_ = simd::constant<Arch>(1.0f);
};

/// 1 / (1 + e^-x), by e^-|x|, which cannot overflow.
template <class Arch>
class Sigmoid {
  using V = simd::batch<Arch>;

 public:
  [[gnu::always_inline]] V operator()(V x) const {
    const V one(1.0f), e = exp_(-xsimd::abs(x));
    return xsimd::select(x < V(0.0f), e, one) / (one + e);
  }

 private:
  Exp<Arch> exp_;
};

/// x + x³P(x²) near 0, where a quotient of exponentials cancels, else ±(1 - 2e / (1 + e)) with e = e^-2|x|. Within 1.5
/// ulp.
template <class Arch>
class Tanh {
  using V = simd::batch<Arch>;

 public:
  [[gnu::always_inline]] V operator()(V x) const {
    const V size = xsimd::abs(x), square = x * x;
    V p = simd::mul_add<Arch>(c4_, square, c3_);
    p = simd::mul_add<Arch>(p, square, c2_);
    p = simd::mul_add<Arch>(p, square, c1_);
    p = simd::mul_add<Arch>(p, square, c0_);
    const V near = simd::mul_add<Arch>(x * square, p, x);
    const V e = exp_.nonpositive(size * minus_two_), far = one_ + minus_two_ * e / (one_ + e);
    return xsimd::select(size < limit_, near, far | xsimd::bitofsign(x));
  }

 private:
  V one_ = simd::constant<Arch>(1.0f), minus_two_ = simd::constant<Arch>(-2.0f), limit_ = simd::constant<Arch>(0.625f);
  V c4_ = simd::constant<Arch>(-5.70498872745e-3f), c3_ = simd::constant<Arch>(2.06390887954e-2f);
  V c2_ = simd::constant<Arch>(-5.37397155531e-2f), c1_ = simd::constant<Arch>(1.33314422036e-1f);
  V c0_ = simd::constant<Arch>(-3.33332819422e-1f);
  Exp<Arch> exp_;
};

/// GELU, x·Φ(x), by Φ(-|x|) = e^(-x²/2) · R(t), t = 1 / (1 + 0.26|x|): one exponential for Φ and its slope φ, and
/// nothing cancels below 0. R is of degree 9, fitted on |x| <= 13 to 5e-9 of itself.
template <class Arch>
class Gelu {
  using V = simd::batch<Arch>;

 public:
  [[gnu::always_inline]] V operator()(V x) const { return x * below(x, bell(x)); }

  /// Φ(x) + x φ(x)
  [[gnu::always_inline]] V slope(V x) const {
    const V e = bell(x);
    return simd::mul_add<Arch>(x * density_, e, below(x, e));
  }

 private:
  V bell(V x) const { return exp_.nonpositive(half_ * x * x); }

  [[gnu::always_inline]] V below(V x, V e) const {
    const V t = one_ / simd::mul_add<Arch>(scale_, xsimd::abs(x), one_);
    V r = simd::mul_add<Arch>(c9_, t, c8_);
    r = simd::mul_add<Arch>(r, t, c7_);
    r = simd::mul_add<Arch>(r, t, c6_);
    r = simd::mul_add<Arch>(r, t, c5_);
    r = simd::mul_add<Arch>(r, t, c4_);
    r = simd::mul_add<Arch>(r, t, c3_);
    r = simd::mul_add<Arch>(r, t, c2_);
    r = simd::mul_add<Arch>(r, t, c1_);
    const V tail = e * simd::mul_add<Arch>(r, t, c0_);
    return xsimd::select(x < V(0.0f), tail, one_ - tail);
  }

  V half_ = simd::constant<Arch>(-0.5f), one_ = simd::constant<Arch>(1.0f), scale_ = simd::constant<Arch>(0.26f);
  V density_ = simd::constant<Arch>(0.398942280f);
  V c9_ = simd::constant<Arch>(0.0339003232f), c8_ = simd::constant<Arch>(-0.17037302f);
  V c7_ = simd::constant<Arch>(0.29062506f), c6_ = simd::constant<Arch>(-0.200312404f);
  V c5_ = simd::constant<Arch>(0.199680661f), c4_ = simd::constant<Arch>(0.0314560191f);
  V c3_ = simd::constant<Arch>(0.109390001f), c2_ = simd::constant<Arch>(0.101736509f);
  V c1_ = simd::constant<Arch>(0.103903866f), c0_ = simd::constant<Arch>(-7.01274625e-6f);
  Exp<Arch> exp_;
};

/// GELU's tanh form, x/2·(1 + tanh(u)) with u = √(2/π)(x + 0.044715x³): since (1 + tanh(u))/2 = σ(2u), x·σ(2u), which
/// cancels nothing below 0.
template <class Arch>
class GeluTanh {
  using V = simd::batch<Arch>;

 public:
  [[gnu::always_inline]] V operator()(V x) const {
    const V twice_u = x * simd::mul_add<Arch>(x * x, cubic_, linear_);
    return x * sigmoid_(twice_u);
  }

  /// σ(z) + x σ(z)(1 - σ(z)) z', z = 2u; σ(z)(1 - σ(z)) = e/(1 + e)² with e = e^-|z|, which does not cancel either.
  [[gnu::always_inline]] V slope(V x) const {
    const V one(1.0f), most(16.0f);  // where e is 0, and x² still finite
    x = simd::at_most<Arch>(simd::at_least<Arch>(x, -most), most);
    const V square = x * x, z = x * simd::mul_add<Arch>(square, cubic_, linear_);
    const V e = exp_.nonpositive(-xsimd::abs(z)), share = one / (one + e);
    const V below = xsimd::select(x < V(0.0f), e, one) * share;
    return below + x * simd::mul_add<Arch>(square, V(3.0f) * cubic_, linear_) * e * share * share;
  }

 private:
  V linear_ = simd::constant<Arch>(1.59576912f), cubic_ = simd::constant<Arch>(0.0713548163f);  // 2√(2/π), ·0.044715
  Exp<Arch> exp_;
  Sigmoid<Arch> sigmoid_;
};

}  // namespace attn::kernels
