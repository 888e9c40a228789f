// The encoder-only classifiers, of tokens and of images; that their numbers are right is golden_models_test's business.
#include "models/classifier.hpp"

#include <algorithm>
#include <cmath>

#include "model_helpers.hpp"
#include "models/models.hpp"
#include "models/padding.hpp"
#include "models/vit.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Unary;
using namespace attn::models;

namespace {

constexpr ClassifierConfig small{
    .vocab_size = 11, .max_length = 7, .num_classes = 3, .d_model = 8, .num_heads = 2, .num_layers = 2};
constexpr ViTConfig tiny{
    .image_size = 6, .patch_size = 2, .num_classes = 4, .d_model = 8, .num_heads = 2, .num_layers = 2};
constexpr Pooling all_pooling[] = {Pooling::cls, Pooling::attention, Pooling::mean};

template <class Config>
Config with(Config config, const std::function<void(Config&)>& change) {
  change(config);
  return config;
}
ClassifierConfig text(const std::function<void(ClassifierConfig&)>& change) { return with(small, change); }
ViTConfig image(const std::function<void(ViTConfig&)>& change) { return with(tiny, change); }

Index count(const ClassifierConfig& config) { return Classifier(config).num_parameters(); }
Index count(const ViTConfig& config) { return ViT(config).num_parameters(); }

/// What a logit passes: in each of two blocks the products over 8 features, 10 keys and 32 of the feed-forward, with
/// some more for norms and softmax; then pooling and the head.
constexpr double roundings = 2 * (6 * 8 + 10 + 32 + 40) + 10 + 3 * 8 + 10;

constexpr Index e = 8, f = 32, norm = 2 * e, layer = 4 * e * e + 4 * e + 2 * e * f + f + e + 2 * norm;

void check_normal(const attn::nn::Module& model) {
  for (const auto& [name, x] : model.named_parameters()) {
    CAPTURE(name);
    if (name == "embed.weight" || name == "positions.weight" || name == "pool.cls") check_deviation(x, 0.02);
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

TEST_CASE("a classifier gives logits for every sequence, and has the parameters that its config says") {
  Random random(1);
  CHECK(Classifier(small).forward(random_tokens(random, 5, 4, 11)).shape() == Shape{5, 3});
  const Index whole = 11 * e + 8 * e + e + 2 * layer + norm + 3 * e + 3;
  CHECK(count(small) == whole);
  CHECK(count(text([](auto& c) { c.vocab_size = 12; })) == whole + e);
  CHECK(count(text([](auto& c) { c.max_length = 8; })) == whole + e);
  CHECK(count(text([](auto& c) { c.num_classes = 1; })) == whole - 2 * (e + 1));
  CHECK(count(text([](auto& c) { c.num_layers = 3; })) == whole + layer);
  CHECK(count(text([](auto& c) { c.dim_feedforward = 5; })) == whole - 2 * (f - 5) * (2 * e + 1));
  CHECK(count(text([](auto& c) { c.norm_first = false; })) == whole - norm);
  CHECK(count(text([](auto& c) { c.bias = false; })) == whole - 2 * (4 * e + f + e) - 5 * e);
  CHECK(count(text([](auto& c) { c.positions = Positions::sinusoidal; })) == whole - 8 * e);
  CHECK(count(text([](auto& c) { c.positions = Positions::none; })) == whole - 8 * e);
  CHECK(count(text([](auto& c) { c.pooling = Pooling::mean; })) == whole - 2 * e);  // cls and its position
  CHECK(count(text([](auto& c) { c.pooling = Pooling::attention; })) == whole - 2 * e + e * e + 2 * e);
}

TEST_CASE("a ViT gives logits for every image, and has the parameters that its config says") {
  Random random(2);
  CHECK(ViT(tiny).forward(random.tensor({5, 3, 6, 6})).shape() == Shape{5, 4});
  const Index whole = 12 * e + e + e + 10 * e + 2 * layer + norm + 4 * e + 4;
  CHECK(count(tiny) == whole);
  CHECK(count(image([](auto& c) { c.image_size = 8; })) == whole + 7 * e);  // 16 patches, not 9
  CHECK(count(image([](auto& c) { c.patch_size = 3; })) == whole + 15 * e - 5 * e);
  CHECK(count(image([](auto& c) { c.num_channels = 1; })) == whole - 8 * e);
  CHECK(count(image([](auto& c) { c.num_classes = 5; })) == whole + e + 1);
  CHECK(count(image([](auto& c) { c.num_layers = 1; })) == whole - layer);
  CHECK(count(image([](auto& c) { c.dim_feedforward = 5; })) == whole - 2 * (f - 5) * (2 * e + 1));
  CHECK(count(image([](auto& c) { c.norm_first = false; })) == whole - norm);
  CHECK(count(image([](auto& c) { c.bias = false; })) == whole - 2 * (4 * e + f + e) - 5 * e);
  CHECK(count(image([](auto& c) { c.pooling = Pooling::mean; })) == whole - 2 * e);
}

TEST_CASE("a probe sees a classifier's activations in order, and what it returns is what goes on") {
  Random random(3);
  const Tensor padding = padding_mask(integers({6, 4}), 6), tokens = random_tokens(random, 2, 6, 11);
  for (const Pooling pooling : all_pooling) {
    CAPTURE(std::string(name_of(pooling)));
    const Classifier model(text([&](auto& c) { c.pooling = pooling; }));
    randomize(model, random, 0.5f);
    Seen seen;
    const Tensor probed = model.forward(tokens, padding, seen.probe()), plain = model.forward(tokens, padding);
    CHECK(seen.names() == expected_names({"embed"}, pooling));
    const Index steps = pooling == Pooling::cls ? 7 : 6;
    CHECK(seen.at("embed").shape() == Shape{2, steps, 8});
    CHECK(seen.at("encoder.layers.1.self_attn.weights").shape() == Shape{2, 2, steps, steps});
    CHECK(seen.at("pooled").shape() == Shape{2, 8});
    check_same_logits(probed, plain, roundings);
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
  const Classifier model(text([](auto& c) { c.pooling = Pooling::mean; }));
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
      const Classifier model(text([&](auto& c) { c.pooling = pooling, c.positions = kind; }));
      randomize(model, random, 0.5f);
      const Tensor tokens = random_tokens(random, 2, 6, 11), padding = padding_mask(integers({6, 4}), 6);
      const Tensor logits = model.forward(tokens, padding);
      check_same_bits(model.forward(moved(tokens, {10, 11}, 5), padding), logits);
      CHECK(differ(model.forward(moved(tokens, {9}, 5), padding), logits));
      CHECK(differ(model.forward(tokens), logits));
      // The same sequence alone, without its padding.
      const Tensor alone = attn::contiguous(attn::slice(attn::slice(tokens, 0, 1, 2), 1, 0, 4));
      check_same_logits(model.forward(alone), attn::contiguous(attn::slice(logits, 0, 1, 2)), roundings);
      // A mask as a view of any layout.
      const Tensor turned = attn::transpose(attn::contiguous(attn::transpose(padding, 0, 1)), 0, 1);
      check_same_bits(model.forward(tokens, turned), logits);
    }
}

TEST_CASE("a ViT cuts images into patches from left to right and then down, each as its channels' rows") {
  const ViT model(tiny);
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
    const ViT model(image([&](auto& c) { c.pooling = pooling; }));
    randomize(model, random, 0.5f);
    Seen seen;
    const Tensor probed = model.forward(images, seen.probe()), plain = model.forward(images);
    CHECK(seen.names() == expected_names({"patches", "embed"}, pooling));
    check_same_logits(probed, plain, roundings);
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
  const auto text_logits = [&](const std::function<void(ClassifierConfig&)>& change) {
    const Classifier model(text(change));
    Random values(1);
    randomize(model, values, 0.5f);
    return model.forward(tokens);
  };
  const auto image_logits = [&](const std::function<void(ViTConfig&)>& change) {
    const ViT model(image(change));
    Random values(1);
    randomize(model, values, 0.5f);
    return model.forward(images);
  };
  CHECK(differ(text_logits([](auto&) {}), text_logits([](auto& c) { c.activation = Unary::relu; })));
  CHECK(differ(text_logits([](auto&) {}), text_logits([](auto& c) { c.num_heads = 4; })));
  CHECK(differ(image_logits([](auto&) {}), image_logits([](auto& c) { c.activation = Unary::relu; })));
  CHECK(differ(image_logits([](auto&) {}), image_logits([](auto& c) { c.num_heads = 4; })));

  Classifier dropping(text([](auto& c) { c.dropout = 0.5; }));
  CHECK(differ(dropping.forward(tokens), dropping.forward(tokens)));
  Seen seen;
  dropping.forward(tokens, {}, seen.probe());
  check_half(seen.at("embed"), attn::zeros({2, 7, 8}));
  check_half(seen.at("encoder.layers.0.resid_mid"), seen.at("embed"));
  dropping.eval();
  check_same_bits(dropping.forward(tokens), dropping.forward(tokens));
  ViT blind(image([](auto& c) { c.dropout = 0.5; }));
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
    const Classifier model(
        text([&](auto& c) { c.pooling = pooling, c.vocab_size = c.max_length = 100, c.d_model = 64; }));
    check_normal(model);
    model.forward(random_tokens(random, 4, 99, 100)).backward(random.tensor({4, 3}));
    for (const auto& [name, x] : model.named_parameters()) {
      CAPTURE(name);
      REQUIRE(x.grad().defined());
      CHECK(largest(x.grad()) > 0);
    }
    const ViT vision(image([&](auto& c) { c.pooling = pooling, c.d_model = 64; }));
    check_normal(vision);
    vision.forward(random.tensor({3, 3, 6, 6})).backward(random.tensor({3, 4}));
    for (const auto& [name, x] : vision.named_parameters()) {
      CAPTURE(name);
      REQUIRE(x.grad().defined());
      CHECK(largest(x.grad()) > 0);
    }
  }
}

TEST_CASE("the classifiers' configs as JSON") {
  constexpr const char* json =
      R"({"vocab_size":5,"max_length":6,"num_classes":1,"d_model":12,"num_heads":4,"num_layers":3,"dim_feedforward":7,)"
      R"("dropout":0.1,"activation":"relu","norm_first":false,"bias":false,"positions":"sinusoidal",)"
      R"("pooling":"attention"})";
  CHECK(to_json(classifier_config(json)) == json);
  const auto made = std::dynamic_pointer_cast<Classifier>(make("classifier", json));
  REQUIRE(made);
  CHECK(to_json(made->config()) == json);
  CHECK(to_json(classifier_config(
            R"({"vocab_size":11,"max_length":7,"num_classes":3,"d_model":8,"num_heads":2,"num_layers":2})")) ==
        to_json(small));

  constexpr const char* vit_json =
      R"({"image_size":8,"patch_size":4,"num_classes":2,"d_model":12,"num_heads":4,"num_layers":3,"num_channels":1,)"
      R"("dim_feedforward":7,"dropout":0.1,"activation":"relu","norm_first":false,"bias":false,"pooling":"mean"})";
  CHECK(to_json(vit_config(vit_json)) == vit_json);
  const auto vit = std::dynamic_pointer_cast<ViT>(make("vit", vit_json));
  REQUIRE(vit);
  CHECK(to_json(vit->config()) == vit_json);
}

TEST_CASE("what the classifiers refuse") {
  const auto refuses = [](std::initializer_list<std::string_view> pieces,
                          const std::function<void(ClassifierConfig&)>& change) {
    check_error(ErrorCode::range, "Classifier", pieces, [&] { Classifier model(text(change)); });
  };
  refuses({"vocab_size", "0"}, [](auto& c) { c.vocab_size = 0; });
  refuses({"max_length", "0"}, [](auto& c) { c.max_length = 0; });
  refuses({"num_classes", "0"}, [](auto& c) { c.num_classes = 0; });
  refuses({"d_model", "0"}, [](auto& c) { c.d_model = 0; });
  refuses({"num_layers", "0"}, [](auto& c) { c.num_layers = 0; });
  refuses({"num_heads must divide d_model 8", "3"}, [](auto& c) { c.num_heads = 3; });
  refuses({"activation must be gelu or relu"}, [](auto& c) { c.activation = Unary::silu; });
  refuses({"positions must be learned, sinusoidal or none"}, [](auto& c) { c.positions = Positions::rotary; });
  refuses({"dropout", "-1"}, [](auto& c) { c.dropout = -1; });
  check_error(ErrorCode::range, "ViT", {"patch_size must divide image_size 6", "4"},
              [] { ViT model(image([](auto& c) { c.patch_size = 4; })); });
  check_error(ErrorCode::range, "ViT", {"num_heads must divide d_model 8", "3"},
              [] { ViT model(image([](auto& c) { c.num_heads = 3; })); });
  check_error(ErrorCode::range, "ViT", {"num_channels", "0"},
              [] { ViT model(image([](auto& c) { c.num_channels = 0; })); });

  Random random(9);
  const Classifier model(small);
  check_error(ErrorCode::type, "Classifier", {"tokens", "float32"}, [&] { model.forward(attn::zeros({1, 2})); });
  check_error(ErrorCode::shape, "Classifier", {"1 to 7", "[1,8]"},
              [&] { model.forward(random_tokens(random, 1, 8, 11)); });
  check_error(ErrorCode::range, "Classifier", {"tokens must be from 0 to 10", "11"}, [&] {
    model.forward(attn::reshape(integers({11}), {1, 1}));
  });
  check_error(ErrorCode::type, "Classifier", {"key_padding_mask", "float32"}, [&] {
    model.forward(random_tokens(random, 1, 2, 11), attn::zeros({1, 2}));
  });
  check_error(ErrorCode::shape, "Classifier", {"key_padding_mask must be [1,2]", "[1,3]"},
              [&] { model.forward(random_tokens(random, 1, 2, 11), random_tokens(random, 1, 3, 2)); });
  const ViT vision(tiny);
  check_error(ErrorCode::type, "ViT", {"float32", "int32"}, [&] {
    vision.forward(attn::zeros({1, 3, 6, 6}, attn::DType::int32));
  });
  check_error(ErrorCode::type, "ViT", {"float32", "none"}, [&] { vision.forward({}); });
  check_error(ErrorCode::shape, "ViT", {"[B,3,6,6]", "[1,3,6,4]"}, [&] { vision.forward(attn::zeros({1, 3, 6, 4})); });
  check_error(ErrorCode::shape, "ViT", {"[B,3,6,6]", "[3,6,6]"}, [&] { vision.forward(attn::zeros({3, 6, 6})); });
}
