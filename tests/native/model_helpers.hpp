#pragma once
// What tests of models share.

#include "attn/nn/module.hpp"
#include "helpers.hpp"
#include "models/classifier.hpp"
#include "models/gpt.hpp"
#include "models/vit.hpp"

namespace test {

inline constexpr attn::models::GPTConfig small_gpt{
    .vocab_size = 11, .max_length = 9, .d_model = 8, .num_heads = 4, .num_layers = 2};
inline constexpr attn::models::ClassifierConfig small_classifier{
    .vocab_size = 11, .max_length = 7, .num_classes = 3, .d_model = 8, .num_heads = 2, .num_layers = 2};
inline constexpr attn::models::ViTConfig small_vit{
    .image_size = 6, .patch_size = 2, .num_classes = 4, .d_model = 8, .num_heads = 2, .num_layers = 2};
/// The config with some fields of another value.
template <class Config, class F>
Config with(Config config, F change) {
  change(config);
  return config;
}

inline constexpr attn::models::Positions all_positions[] = {
    attn::models::Positions::learned, attn::models::Positions::sinusoidal, attn::models::Positions::rotary,
    attn::models::Positions::alibi, attn::models::Positions::none};
inline constexpr attn::models::Pooling all_pooling[] = {attn::models::Pooling::cls, attn::models::Pooling::attention,
                                                        attn::models::Pooling::mean};

/// Tokens [B,T] below `vocab_size`.
Tensor random_tokens(Random& random, Index batch, Index steps, Index vocab_size);

/// Every parameter anew, uniform within ±limit, but norms' weights about 1: wide enough for logits to differ.
void randomize(const attn::nn::Module& model, Random& random, float limit);

/// All that a probe sees, in order.
struct Seen {
  std::vector<std::pair<std::string, Tensor>> activations{};

  attn::Probe probe();
  std::vector<std::string> names() const;
  const Tensor& at(std::string_view name) const;
};
/// Changes one activation.
attn::Probe replacing(std::string_view name, const Function<Tensor(const Tensor&)>& by);

/// That two ways of computing the same logits agree: n roundings of the largest. n counts those of every sum that a
/// logit passes through one behind the other; norms see to it that a relative error does not grow from block to block.
void check_same_logits(const Tensor& got, const Tensor& want, double roundings);
/// Of a GPT's logit: embedding and sums, and in each block the products over D, over S keys and over the MLP's
/// features, with some more for norms and softmax.
double roundings(const attn::models::GPTConfig& config);

/// That these are normal numbers around 0, as far as their squares tell: the variance of the mean of n is 2/n of the
/// square of what is expected, and they must be within five deviations.
void check_deviation(const Tensor& x, double deviation);
/// That dropout of one half stood between a and b: half of their elements are equal, within five deviations.
void check_half(const Tensor& a, const Tensor& b);

bool differ(const Tensor& a, const Tensor& b);  ///< by more than a thousandth of the largest

}  // namespace test
