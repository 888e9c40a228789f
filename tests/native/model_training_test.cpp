// Models learn: each fits a small batch that cannot be fitted without positions and attention.
#include <algorithm>
#include <numeric>

#include "model_helpers.hpp"
#include "models/classifier.hpp"
#include "models/generate.hpp"
#include "models/padding.hpp"
#include "models/vit.hpp"

using namespace test;
using namespace attn::models;

namespace {

ClassifierConfig config_of(Pooling pooling) {
  return {.vocab_size = 4,
          .max_length = 5,
          .num_classes = 2,
          .d_model = 16,
          .num_heads = 2,
          .num_layers = 1,
          .pooling = pooling};
}

/// The least loss of 1500 steps of AdamW, or the first below 0.02, the mean of a dozen at most: then none of them is
/// above 0.24, and the right answer has everywhere a chance of more than three in four. The rate is one at which every
/// seed arrives: at 5e-3 one in six stays at 0.27, and which does depends on the roundings of the instruction set.
double least_loss(attn::nn::Module& model, const Function<Tensor()>& loss) {
  attn::optim::AdamW optimizer(model.parameters(), {.lr = 2e-3, .weight_decay = 0});
  double least = 1e9;
  for (int step = 0; step < 1500 && least >= 0.02; ++step) {
    optimizer.zero_grad();
    const Tensor now = loss();
    least = std::min(least, static_cast<double>(*now.data()));
    now.backward();
    optimizer.step();
  }
  return least;
}

}  // namespace

TEST_CASE("a GPT of every kind of positions and heads learns a text by heart, and says it again") {
  // Every second token is a 0, and what follows it is told by what came before alone, or by the place.
  const Tensor text = integers({1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 1, 0, 2}, {1, 13});
  const Tensor tokens = attn::slice(text, 1, 0, 12), targets = attn::slice(text, 1, 1, 13);
  for (const Positions kind :
       {Positions::learned, Positions::sinusoidal, Positions::rotary, Positions::alibi, Positions::none})
    for (const Norm norm : {Norm::layer, Norm::rms}) {
      CAPTURE(std::string(name_of(kind)));
      CAPTURE(std::string(name_of(norm)));
      attn::manual_seed(1);
      GPT model({.vocab_size = 6,
                 .max_length = 12,
                 .d_model = 16,
                 .num_heads = 4,
                 .num_layers = 2,
                 .num_kv_heads = norm == Norm::rms ? 2 : 4,
                 .norm = norm,
                 .positions = kind});
      CHECK(least_loss(model, [&] { return model.loss(tokens, targets); }) < 0.02);
      const auto said =
          generate(model, std::vector<std::int32_t>{1}, {.max_new_tokens = 12, .sampling = {.temperature = 0}});
      const auto whole = text.values<std::int32_t>();
      CHECK(std::ranges::equal(said, whole.subspan(1)));
    }
}

TEST_CASE("a narrow GPT learns faster from first values that fit its width than from those of a wide one") {
  // Three to six different letters, twice: what is asked for is the second time but its first letter, as each comes
  // behind the place where the one before it stood.
  constexpr Index kLongest = 11;
  Random random(5);
  const auto loss_after = [&](double initializer_range, int steps) {
    attn::manual_seed(1);
    GPT model({.vocab_size = 12,
               .max_length = kLongest,
               .d_model = 32,
               .num_heads = 2,
               .num_layers = 2,
               .positions = Positions::rotary,
               .initializer_range = initializer_range});
    attn::optim::AdamW optimizer(model.parameters(), {.lr = 1e-2});
    double last = 0;
    for (int step = 0; step < steps; ++step) {
      const Tensor tokens = attn::zeros({32, kLongest}, attn::DType::int32);
      const Tensor targets = attn::zeros({32, kLongest}, attn::DType::int32);
      for (Index b = 0; b < 32; ++b) {
        std::int32_t letters[12];
        std::iota(letters, letters + 12, 0);
        const Index length = random.integer(3, 6);
        for (Index t = 0; t < length; ++t) std::swap(letters[t], letters[random.integer(t, 11)]);
        for (Index t = 0; t < kLongest; ++t) {
          tokens.data<std::int32_t>()[b * kLongest + t] = t < 2 * length - 1 ? letters[t % length] : 0;
          targets.data<std::int32_t>()[b * kLongest + t] =
              t >= length && t < 2 * length - 1 ? letters[(t + 1) % length] : -100;
        }
      }
      const Tensor loss = model.loss(tokens, targets);
      loss.backward();
      attn::optim::clip_grad_norm(model.parameters(), 1);
      optimizer.step();
      optimizer.zero_grad();
      if (step >= steps - 10) last += static_cast<double>(*loss.data()) / 10;
    }
    return last;
  };
  const double fitting = loss_after(0, 150), wide = loss_after(0.02, 150);
  MESSAGE("after 150 steps " << fitting << ", and with 0.02 " << wide);
  CHECK(fitting < 0.5 * wide);
}

TEST_CASE("a classifier of every pooling learns which of two tokens comes first") {
  // 8 sequences of different lengths; the class is whether a 1 stands before a 2, which no bag of tokens shows.
  const Tensor tokens = integers({1, 2, 0, 0, 0, 2, 1, 0, 0, 0, 3, 1, 2, 0, 0, 3, 2, 1, 0, 0,
                                  1, 3, 3, 2, 0, 2, 3, 3, 1, 0, 3, 1, 3, 2, 3, 3, 2, 3, 1, 3},
                                 {8, 5});
  const Tensor counts = integers({2, 2, 3, 3, 4, 4, 5, 5}), classes = integers({0, 1, 0, 1, 0, 1, 0, 1});
  const Tensor padding = padding_mask(counts, 5), as_float = tensor({0, 1, 0, 1, 0, 1, 0, 1}, {8, 1});
  for (const Pooling pooling : {Pooling::cls, Pooling::attention, Pooling::mean}) {
    CAPTURE(std::string(name_of(pooling)));
    attn::manual_seed(1);
    Classifier model(config_of(pooling));
    CHECK(least_loss(model, [&] { return attn::cross_entropy(model.forward(tokens, padding), classes); }) < 0.02);

    ClassifierConfig one = config_of(pooling);  // the same with a single logit
    one.num_classes = 1;
    Classifier binary(one);
    CHECK(least_loss(binary, [&] {
            return attn::binary_cross_entropy_with_logits(binary.forward(tokens, padding), as_float);
          }) < 0.02);
  }
  ClassifierConfig blind = config_of(Pooling::mean);
  blind.positions = Positions::none;
  Classifier model(blind);  // cannot do better than a coin
  CHECK(least_loss(model, [&] { return attn::cross_entropy(model.forward(tokens, padding), classes); }) > 0.69);
}

TEST_CASE("a ViT of every pooling learns where in an image a spot is") {
  Tensor images = attn::zeros({4, 1, 4, 4});
  const Index spots[] = {0, 2, 8, 10};  // the same pixel of each patch, so that their positions alone tell
  for (Index b = 0; b < 4; ++b) images.data()[b * 16 + spots[b]] = 1;
  const Tensor classes = integers({0, 1, 2, 3});
  for (const Pooling pooling : {Pooling::cls, Pooling::attention, Pooling::mean}) {
    CAPTURE(std::string(name_of(pooling)));
    attn::manual_seed(1);
    ViT model({.image_size = 4,
               .patch_size = 2,
               .num_classes = 4,
               .d_model = 16,
               .num_heads = 2,
               .num_layers = 1,
               .num_channels = 1,
               .pooling = pooling});
    CHECK(least_loss(model, [&] { return attn::cross_entropy(model.forward(images), classes); }) < 0.02);
  }
}
