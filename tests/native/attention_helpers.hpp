#pragma once
// Attention on the core and on the reference side by side.

#include <string>

#include "helpers.hpp"

namespace test {

reference::Mask exact(const attn::Mask& mask);
reference::AttendOptions exact(const attn::AttendOptions& options);

inline constexpr attn::Score all_scores[] = {attn::Score::dot,     attn::Score::scaled_dot, attn::Score::sqrt_norm,
                                             attn::Score::cosine,  attn::Score::general,    attn::Score::additive,
                                             attn::Score::location};
inline constexpr attn::Normalizer all_normalizers[] = {attn::Normalizer::softmax, attn::Normalizer::sum,
                                                       attn::Normalizer::double_softmax, attn::Normalizer::sparsemax};

struct Inputs {
  Tensor query, key, value;
};
/// Sizes of one attention: `leading` is {}, {B} or {B,H}. Dq and Dk differ only where the score allows it.
struct Sizes {
  Shape leading;
  Index T, S, Dq, Dk, Dv, heads = 1;
};
std::string to_string(const Sizes& sizes);
Shape scores_shape(const Sizes& sizes);
Inputs random_inputs(Random& random, const Sizes& sizes, float low = -1, float high = 1);
/// The weights that this score needs, over the features of one head.
attn::AttendOptions random_options(Random& random, const Sizes& sizes, attn::Score score, float low = -1,
                                   float high = 1);

/// Names of masks alone and together; padding leaves a batch without keys, additive a row.
inline constexpr const char* all_masks[] = {"none",           "causal",          "window",
                                            "padding",        "additive",        "additive row",
                                            "causal+padding", "window+additive", "causal+window+padding+additive"};
attn::Mask make_mask(Random& random, const Sizes& sizes, std::string_view kind);

/// Everything that attend returns against the reference.
void check_attend(const Inputs& in, const attn::AttendOptions& options);
/// The fused path against the reference; and against the plain path within both their tolerances.
void check_fused(const Inputs& in, const attn::Mask& mask = {}, std::optional<double> scale = {});

}  // namespace test
