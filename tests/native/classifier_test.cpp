// The encoder-only classifiers, of tokens and of images; that their numbers are right is golden_models_test's business.
#include "models/classifier.hpp"

#include <cmath>

#include "model_helpers.hpp"
#include "models/padding.hpp"
#include "models/vit.hpp"

using namespace test;
using attn::ops::Unary;
using namespace attn::models;

namespace {

/// What a logit passes: in each of two blocks the products over 8 features, 10 keys and 32 of the feed-forward, with
/// some more for norms and softmax; then pooling and the head.
constexpr double classifier_roundings = 2 * (6 * 8 + 10 + 32 + 40) + 10 + 3 * 8 + 10;

void check_normal(const attn::nn::Module& model, double deviation) {
  for (const auto& [name, x] : model.named_parameters()) {
    CAPTURE(name);
    if (name == "embed.weight" || name == "positions.weight" || name == "pool.cls") check_deviation(x, deviation);
  }
}

Tensor moved(const Tensor& x, std::initializer_list<std::int32_t> places, std::int32_t by) {
  const Tensor out = Tensor::from(std::span<const std::int32_t>(x.values<std::int32_t>()), x.shape());
  for (const std::int32_t at : places) out.data<std::int32_t>()[at] = (out.data<std::int32_t>()[at] + by) % 11;
  return out;
}

std::vector<std::string> encoder_names(const std::string& block) {
  std::vector<std::string> names;
  for (const char* part : {"q", "k", "v", "scores", "scaled", "masked", "weights", "z", "out"})
    names.push_back(block + "self_attn." + part);
  for (const char* part : {"resid_mid", "ff.hidden", "ff", "resid"}) names.push_back(block + part);
  return names;
}

std::vector<std::string> expected_names(std::vector<std::string> names, Pooling pooling) {
  for (const char* block : {"encoder.layers.0.", "encoder.layers.1."})
    for (const std::string& name : encoder_names(block)) names.push_back(name);
  names.push_back("encoder.norm");
  if (pooling == Pooling::attention) names.push_back("pool.scores");
  if (pooling != Pooling::cls) names.push_back("pool.weights");
  names.insert(names.end(), {"pooled", "logits"});
  return names;
}

}  // namespace

TEST_CASE("a probe sees a classifier's activations in order, and what it returns is what goes on") {
  Random random(3);
  const Tensor padding = padding_mask(integers({6, 4}), 6), tokens = random_tokens(random, 2, 6, 11);
  for (const Pooling pooling : all_pooling) {
    CAPTURE(std::string(name_of(pooling)));
    const Classifier model(with(small_classifier, [&](auto& c) { c.pooling = pooling; }));
    randomize(model, random, 0.5f);
    Seen seen;
    const Tensor probed = model.forward(tokens, padding, seen.probe()), plain = model.forward(tokens, padding);
    CHECK(seen.names() == expected_names({"embed"}, pooling));
    const Index steps = pooling == Pooling::cls ? 7 : 6;
    CHECK(seen.at("embed").shape() == Shape{2, steps, 8});
    CHECK(seen.at("encoder.layers.1.self_attn.weights").shape() == Shape{2, 2, steps, steps});
    CHECK(seen.at("pooled").shape() == Shape{2, 8});
    check_same_logits(probed, plain, classifier_roundings);
    for (const std::string& name : seen.names()) {
      CAPTURE(name);
      check_same_bits(model.forward(tokens, padding, replacing(name, [](const Tensor& x) { return x; })), probed);
      const auto noise = [](const Tensor& x) { return Random(9).tensor(x.shape()); };
      CHECK(differ(model.forward(tokens, padding, replacing(name, noise)), plain));
    }
    if (pooling == Pooling::cls) continue;
    // The pooled row is the sum of the encoder's by the weights: all on row 2 takes row 2.
    const Tensor weights = seen.at("pool.weights");
    CHECK(weights.shape() == Shape{2, 6});
    for (Index b = 0; b < 2; ++b) {
      double sum = 0;
      for (Index t = 0; t < 6; ++t) {
        if (b == 1 && t >= 4) CHECK(weights.data()[b * 6 + t] == 0.0f);
        sum += static_cast<double>(weights.data()[b * 6 + t]);
      }
      CHECK(std::abs(sum - 1) <= 7 * tolerance::rounding);  // six weights, each rounded once, and a sum in double
    }
    Seen then;
    const auto on_row_2 = [&](const std::string& name, const Tensor& x) {
      then.activations.emplace_back(name, x);
      return name == "pool.weights" ? tensor({0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0}, {2, 6}) : Tensor();
    };
    model.forward(tokens, padding, attn::Probe(on_row_2));
    check_same_bits(then.at("pooled"),
                    attn::contiguous(attn::reshape(attn::slice(seen.at("encoder.norm"), 1, 2, 3), {2, 8})));
  }
}

TEST_CASE("the mean pools what is not padded in equal parts") {
  Random random(4);
  const Classifier model(with(small_classifier, [](auto& c) { c.pooling = Pooling::mean; }));
  const auto weights = [&](std::initializer_list<std::int32_t> lengths) {
    Seen seen;
    model.forward(random_tokens(random, 3, 4, 11), padding_mask(integers(lengths), 4), seen.probe());
    return seen.at("pool.weights");
  };
  check_values(weights({4, 2, 1}), {0.25f, 0.25f, 0.25f, 0.25f, 0.5f, 0.5f, 0, 0, 1, 0, 0, 0});
  check_values(weights({0, 1, 3}), {0, 0, 0, 0, 1, 0, 0, 0, 1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 0});
}

TEST_CASE("padded tokens do not change a classifier's logits") {
  Random random(5);
  for (const Pooling pooling : all_pooling)
    for (const Positions kind : {Positions::learned, Positions::sinusoidal, Positions::none}) {
      CAPTURE(std::string(name_of(pooling)));
      CAPTURE(std::string(name_of(kind)));
      const Classifier model(with(small_classifier, [&](auto& c) { c.pooling = pooling, c.positions = kind; }));
      randomize(model, random, 0.5f);
      const Tensor tokens = random_tokens(random, 2, 6, 11), padding = padding_mask(integers({6, 4}), 6);
      const Tensor logits = model.forward(tokens, padding);
      check_same_bits(model.forward(moved(tokens, {10, 11}, 5), padding), logits);
      CHECK(differ(model.forward(moved(tokens, {9}, 5), padding), logits));
      CHECK(differ(model.forward(tokens), logits));
      // The same sequence alone, without its padding.
      const Tensor alone = attn::contiguous(attn::slice(attn::slice(tokens, 0, 1, 2), 1, 0, 4));
      check_same_logits(model.forward(alone), attn::contiguous(attn::slice(logits, 0, 1, 2)), classifier_roundings);
      // A mask as a view of any layout.
      const Tensor turned = attn::transpose(attn::contiguous(attn::transpose(padding, 0, 1)), 0, 1);
      check_same_bits(model.forward(tokens, turned), logits);
    }
}

TEST_CASE("a ViT cuts images into patches from left to right and then down, each as its channels' rows") {
  const ViT model(small_vit);
  const Tensor images = attn::reshape(attn::arange(0, 2 * 3 * 36), {2, 3, 6, 6});
  Seen seen;
  model.forward(images, seen.probe());
  const Tensor& patches = seen.at("patches");
  REQUIRE(patches.shape() == Shape{2, 9, 12});
  for (Index b = 0; b < 2; ++b)
    for (Index n = 0; n < 9; ++n)
      for (Index c = 0; c < 3; ++c)
        for (Index i = 0; i < 4; ++i) {
          const Index y = n / 3 * 2 + i / 2, x = n % 3 * 2 + i % 2;
          CHECK(patches.data()[(b * 9 + n) * 12 + c * 4 + i] == images.data()[((b * 3 + c) * 6 + y) * 6 + x]);
        }
}

TEST_CASE("a probe sees a ViT's activations in order, and what it returns is what goes on") {
  Random random(6);
  const Tensor images = random.tensor({2, 3, 6, 6});
  for (const Pooling pooling : all_pooling) {
    CAPTURE(std::string(name_of(pooling)));
    const ViT model(with(small_vit, [&](auto& c) { c.pooling = pooling; }));
    randomize(model, random, 0.5f);
    Seen seen;
    const Tensor probed = model.forward(images, seen.probe()), plain = model.forward(images);
    CHECK(seen.names() == expected_names({"patches", "embed"}, pooling));
    check_same_logits(probed, plain, classifier_roundings);
    for (const std::string& name : seen.names()) {
      CAPTURE(name);
      const auto noise = [](const Tensor& x) { return Random(9).tensor(x.shape()); };
      CHECK(differ(model.forward(images, replacing(name, noise)), plain));
    }
  }
}

TEST_CASE("options of the classifiers' encoders, that parameters alone do not show") {
  Random random(7);
  const Tensor tokens = random_tokens(random, 2, 6, 11), images = random.tensor({2, 3, 6, 6});
  const auto text_logits = [&](const Function<void(ClassifierConfig&)>& change) {
    const Classifier model(with(small_classifier, change));
    Random values(1);
    randomize(model, values, 0.5f);
    return model.forward(tokens);
  };
  const auto image_logits = [&](const Function<void(ViTConfig&)>& change) {
    const ViT model(with(small_vit, change));
    Random values(1);
    randomize(model, values, 0.5f);
    return model.forward(images);
  };
  CHECK(differ(text_logits([](auto&) {}), text_logits([](auto& c) { c.activation = Unary::relu; })));
  CHECK(differ(text_logits([](auto&) {}), text_logits([](auto& c) { c.num_heads = 4; })));
  CHECK(differ(image_logits([](auto&) {}), image_logits([](auto& c) { c.activation = Unary::relu; })));
  CHECK(differ(image_logits([](auto&) {}), image_logits([](auto& c) { c.num_heads = 4; })));

  Classifier dropping(with(small_classifier, [](auto& c) { c.dropout = 0.5; }));
  CHECK(differ(dropping.forward(tokens), dropping.forward(tokens)));
  Seen seen;
  dropping.forward(tokens, {}, seen.probe());
  check_half(seen.at("embed"), attn::zeros({2, 7, 8}));
  check_half(seen.at("encoder.layers.0.resid_mid"), seen.at("embed"));
  dropping.eval();
  check_same_bits(dropping.forward(tokens), dropping.forward(tokens));
  ViT blind(with(small_vit, [](auto& c) { c.dropout = 0.5; }));
  CHECK(differ(blind.forward(images), blind.forward(images)));
  Seen then;
  blind.forward(images, then.probe());
  check_half(then.at("embed"), attn::zeros({2, 10, 8}));
  check_half(then.at("encoder.layers.0.resid_mid"), then.at("embed"));
  blind.eval();
  check_same_bits(blind.forward(images), blind.forward(images));
}

TEST_CASE("the classifiers begin with their documented values, and all parameters have gradients") {
  attn::manual_seed(2);
  Random random(8);
  for (const Pooling pooling : all_pooling) {
    CAPTURE(std::string(name_of(pooling)));
    const Classifier model(with(
        small_classifier, [&](auto& c) { c.pooling = pooling, c.vocab_size = c.max_length = 100, c.d_model = 64; }));
    check_normal(model, 0.02 * std::sqrt(12.0));
    model.forward(random_tokens(random, 4, 99, 100)).backward(random.tensor({4, 3}));
    for (const auto& [name, x] : model.named_parameters()) {
      CAPTURE(name);
      REQUIRE(x.grad().defined());
      CHECK(largest(x.grad()) > 0);
    }
    const ViT vision(with(small_vit, [&](auto& c) { c.pooling = pooling, c.d_model = 64; }));
    check_normal(vision, 0.24);  // 0.02 · 768 / 64
    check_normal(Classifier(with(model.config(), [](auto& c) { c.initializer_range = 0.5; })), 0.5);
    check_normal(ViT(with(vision.config(), [](auto& c) { c.initializer_range = 0.5; })), 0.5);
    vision.forward(random.tensor({3, 3, 6, 6})).backward(random.tensor({3, 4}));
    for (const auto& [name, x] : vision.named_parameters()) {
      CAPTURE(name);
      REQUIRE(x.grad().defined());
      CHECK(largest(x.grad()) > 0);
    }
  }
}
