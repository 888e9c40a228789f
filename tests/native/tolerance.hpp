#pragma once
// How far a float32 result may lie from the exact one. Nothing here is guessed: a bound is (number of roundings that a
// term passes) · (one rounding) · (sum of the absolute values of the terms), the standard a-priori bound of Higham,
// "Accuracy and Stability of Numerical Algorithms", chapter 3, whatever the order of summation.

#include "reference.hpp"

namespace tolerance {

/// Half the distance between 1 and the next float: the largest relative error of one rounding.
inline constexpr double rounding = 0x1p-24;
/// Smallest normal float; what may be lost where a result underflows.
inline constexpr double tiny = 0x1p-126;
/// Relative error allowed to one call of exp, log, tanh or erf: 2 ulp, each at most 2 roundings.
inline constexpr double function = 4 * rounding;

/// n roundings of a sum whose terms have the absolute values that `magnitude` adds up.
reference::Array sum(double n, const reference::Array& magnitude);

/// Of a · b: K products, each rounded once and then added up to K - 1 times.
reference::Array matmul(const reference::Array& a, const reference::Array& b);

/// Of softmax over the last dimension.
reference::Array softmax(const reference::Array& x, const reference::Array& exact);

/// What a computation of attention puts its numbers through.
struct Work {
  double score = 0;   ///< roundings of a term of a score
  double output = 0;  ///< roundings of a weight on its way into the output, beyond the S of the sum
  double input = 0;   ///< how far q·k and v may be off because of what was computed before, relative to their terms
};
/// Roundings of a term of a score, for the features of a head and A rows of the additive score's weights.
double score_roundings(reference::Score score, attn::Index Dq, attn::Index Dk, attn::Index A);

/// Of everything that attend returns, carried from one step to the next by first-order error analysis.
reference::Attention attend(const reference::Attention& exact, const reference::Array& value,
                            const reference::AttendOptions& options, const Work& work);

}  // namespace tolerance
