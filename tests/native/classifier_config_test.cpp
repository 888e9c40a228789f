// The configs of the encoder-only classifiers, of tokens and of images: what each field makes, and what is refused.
#include "model_helpers.hpp"
#include "models/classifier.hpp"
#include "models/models.hpp"
#include "models/vit.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Unary;
using namespace attn::models;

namespace {

Index parameters_of(const ClassifierConfig& config) { return Classifier(config).num_parameters(); }
Index parameters_of(const ViTConfig& config) { return ViT(config).num_parameters(); }

namespace small {
constexpr Index e = 8, f = 32, norm = 2 * e, layer = 4 * e * e + 4 * e + 2 * e * f + f + e + 2 * norm;
}

}  // namespace

TEST_CASE("a classifier gives logits for every sequence, and has the parameters that its config says") {
  using namespace small;
  Random random(1);
  CHECK(Classifier(small_classifier).forward(random_tokens(random, 5, 4, 11)).shape() == Shape{5, 3});
  const Index whole = 11 * e + 8 * e + e + 2 * layer + norm + 3 * e + 3;
  CHECK(parameters_of(small_classifier) == whole);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.vocab_size = 12; })) == whole + e);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.max_length = 8; })) == whole + e);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.num_classes = 1; })) == whole - 2 * (e + 1));
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.num_layers = 3; })) == whole + layer);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.dim_feedforward = 5; })) ==
        whole - 2 * (f - 5) * (2 * e + 1));
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.norm_first = false; })) == whole - norm);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.bias = false; })) == whole - 2 * (4 * e + f + e) - 5 * e);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.positions = Positions::sinusoidal; })) == whole - 8 * e);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.positions = Positions::none; })) == whole - 8 * e);
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.pooling = Pooling::mean; })) ==
        whole - 2 * e);  // cls and its position
  CHECK(parameters_of(with(small_classifier, [](auto& c) { c.pooling = Pooling::attention; })) ==
        whole - 2 * e + e * e + 2 * e);
}

TEST_CASE("a ViT gives logits for every image, and has the parameters that its config says") {
  using namespace small;
  Random random(2);
  CHECK(ViT(small_vit).forward(random.tensor({5, 3, 6, 6})).shape() == Shape{5, 4});
  const Index whole = 12 * e + e + e + 10 * e + 2 * layer + norm + 4 * e + 4;
  CHECK(parameters_of(small_vit) == whole);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.image_size = 8; })) == whole + 7 * e);  // 16 patches, not 9
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.patch_size = 3; })) == whole + 15 * e - 5 * e);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.num_channels = 1; })) == whole - 8 * e);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.num_classes = 5; })) == whole + e + 1);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.num_layers = 1; })) == whole - layer);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.dim_feedforward = 5; })) == whole - 2 * (f - 5) * (2 * e + 1));
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.norm_first = false; })) == whole - norm);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.bias = false; })) == whole - 2 * (4 * e + f + e) - 5 * e);
  CHECK(parameters_of(with(small_vit, [](auto& c) { c.pooling = Pooling::mean; })) == whole - 2 * e);
}

TEST_CASE("the classifiers' configs as JSON") {
  constexpr const char* json =
      R"({"vocab_size":5,"max_length":6,"num_classes":1,"d_model":12,"num_heads":4,"num_layers":3,"dim_feedforward":7,)"
      R"("dropout":0.1,"activation":"relu","norm_first":false,"bias":false,"positions":"sinusoidal",)"
      R"("pooling":"attention","initializer_range":0.25})";
  CHECK(to_json(classifier_config(json)) == json);
  const auto made = std::dynamic_pointer_cast<Classifier>(make("classifier", json));
  REQUIRE(made);
  CHECK(to_json(made->config()) == json);
  CHECK(to_json(classifier_config(
            R"({"vocab_size":11,"max_length":7,"num_classes":3,"d_model":8,"num_heads":2,"num_layers":2})")) ==
        to_json(small_classifier));

  constexpr const char* vit_json =
      R"({"image_size":8,"patch_size":4,"num_classes":2,"d_model":12,"num_heads":4,"num_layers":3,"num_channels":1,)"
      R"("dim_feedforward":7,"dropout":0.1,"activation":"relu","norm_first":false,"bias":false,"pooling":"mean",)"
      R"("initializer_range":0.25})";
  CHECK(to_json(vit_config(vit_json)) == vit_json);
  const auto vit = std::dynamic_pointer_cast<ViT>(make("vit", vit_json));
  REQUIRE(vit);
  CHECK(to_json(vit->config()) == vit_json);
}

TEST_CASE("what the classifiers refuse") {
  const auto refuses = [](std::initializer_list<std::string_view> pieces,
                          const Function<void(ClassifierConfig&)>& change) {
    check_error(ErrorCode::range, "Classifier", pieces, [&] { Classifier model(with(small_classifier, change)); });
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
              [] { ViT model(with(small_vit, [](auto& c) { c.patch_size = 4; })); });
  check_error(ErrorCode::range, "ViT", {"num_heads must divide d_model 8", "3"},
              [] { ViT model(with(small_vit, [](auto& c) { c.num_heads = 3; })); });
  check_error(ErrorCode::range, "ViT", {"num_channels", "0"},
              [] { ViT model(with(small_vit, [](auto& c) { c.num_channels = 0; })); });

  Random random(9);
  const Classifier model(small_classifier);
  check_error(ErrorCode::type, "Classifier", {"tokens", "float32"}, [&] { model.forward(attn::zeros({1, 2})); });
  check_error(ErrorCode::shape, "Classifier", {"1 to 7", "[1,8]"},
              [&] { model.forward(random_tokens(random, 1, 8, 11)); });
  check_error(ErrorCode::range, "Classifier", {"tokens must be from 0 to 10", "11"}, [&] {
    model.forward(integers({11}, {1, 1}));
  });
  check_error(ErrorCode::type, "Classifier", {"key_padding_mask", "float32"}, [&] {
    model.forward(random_tokens(random, 1, 2, 11), attn::zeros({1, 2}));
  });
  check_error(ErrorCode::shape, "Classifier", {"key_padding_mask must be [1,2]", "[1,3]"},
              [&] { model.forward(random_tokens(random, 1, 2, 11), random_tokens(random, 1, 3, 2)); });
  const ViT vision(small_vit);
  check_error(ErrorCode::type, "ViT", {"float32", "int32"}, [&] {
    vision.forward(attn::zeros({1, 3, 6, 6}, attn::DType::int32));
  });
  check_error(ErrorCode::type, "ViT", {"float32", "none"}, [&] { vision.forward({}); });
  check_error(ErrorCode::shape, "ViT", {"[B,3,6,6]", "[1,3,6,4]"}, [&] { vision.forward(attn::zeros({1, 3, 6, 4})); });
  check_error(ErrorCode::shape, "ViT", {"[B,3,6,6]", "[3,6,6]"}, [&] { vision.forward(attn::zeros({3, 6, 6})); });
}
