// Layers, functions and losses against PyTorch; tests/golden/make_layers.py computed the cases.
#include <set>

#include "golden.hpp"

using namespace test;
using attn::ops::Unary;
using golden::Case;

namespace {

std::vector<Case> cases() { return golden::read("layers.json"); }

/// Runs every case of these kinds, of which there must be one each.
void check_each(const std::map<std::string, test::Function<void(const Case&)>>& kinds) {
  std::set<std::string> met;
  for (const Case& c : cases()) {
    const auto kind = kinds.find(c.layer);
    if (kind == kinds.end()) continue;
    CAPTURE(c.name);
    kind->second(c);
    met.insert(c.layer);
  }
  CHECK(met.size() == kinds.size());
}

/// The module with the case's weights, whose names must be the module's.
template <class M, class Options>
std::unique_ptr<M> loaded(const Case& c, const Options& options) {
  auto module = std::make_unique<M>(options);
  module->load_state_dict(c.state);
  return module;
}

void check_layer(const Case& c, const attn::nn::Layer& layer) {
  c.check({{"output", layer.forward(c.input("x"))}}, layer.named_parameters());
}

Unary activation(const std::string& name) {
  for (const Unary f : {Unary::relu, Unary::gelu, Unary::silu, Unary::tanh, Unary::sigmoid})
    if (name == name_of(f)) return f;
  FAIL("no activation is called " << name);
  return Unary::neg;
}

attn::LossReduction reduction(const Case& c) {
  const std::string name = c.option<std::string>("reduction", "mean");
  return name == "none"  ? attn::LossReduction::none
         : name == "sum" ? attn::LossReduction::sum
                         : attn::LossReduction::mean;
}

void check_linear(const Case& c) {
  check_layer(c, *loaded<attn::nn::Linear>(c, attn::nn::LinearOptions{.in_features = c.options.at("in_features"),
                                                                      .out_features = c.options.at("out_features"),
                                                                      .bias = c.option("bias", true)}));
}

void check_embedding(const Case& c) {
  attn::nn::EmbeddingOptions o{.num_embeddings = c.options.at("num_embeddings"),
                               .embedding_dim = c.options.at("embedding_dim")};
  if (c.options.contains("padding_idx")) o.padding_idx = c.options.at("padding_idx").get<Index>();
  check_layer(c, *loaded<attn::nn::Embedding>(c, o));
}

template <class Norm>
void check_norm(const Case& c) {
  attn::nn::NormOptions o{.normalized_shape = c.options.at("normalized_shape"),
                          .elementwise_affine = c.option("elementwise_affine", true),
                          .bias = c.option("bias", true)};
  if (c.options.contains("eps")) o.eps = c.options.at("eps");
  check_layer(c, *loaded<Norm>(c, o));
}

void check_sequential(const Case& c) {
  std::vector<std::shared_ptr<attn::nn::Layer>> layers;
  const auto sizes = c.options.at("sizes").get<std::vector<Index>>();
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    layers.push_back(std::make_shared<attn::nn::Linear>(attn::nn::LinearOptions{sizes[i], sizes[i + 1]}));
    layers.push_back(std::make_shared<attn::nn::Activation>(activation(c.options.at("activations")[i])));
  }
  check_layer(c, *loaded<attn::nn::Sequential>(c, layers));
}

void check_gru(const Case& c) {
  const auto gru = loaded<attn::nn::GRU>(c, attn::nn::GRUOptions{.input_size = c.options.at("input_size"),
                                                                 .hidden_size = c.options.at("hidden_size"),
                                                                 .num_layers = c.option<Index>("num_layers", 1),
                                                                 .bias = c.option("bias", true),
                                                                 .batch_first = c.option("batch_first", false),
                                                                 .dropout = c.option("dropout", 0.0),
                                                                 .bidirectional = c.option("bidirectional", false)});
  if (c.options.contains("dropout")) gru->eval();
  const auto [output, hn] = gru->forward(c.input("x"), c.input("h0"));
  c.check({{"output", output}, {"hn", hn}}, gru->named_parameters());
}

void check_attention(const Case& c) {
  attn::SdpaOptions o;
  o.mask.causal = c.option("is_causal", false);
  o.mask.additive = c.input("attn_mask");
  if (c.options.contains("scale")) o.scale = c.options.at("scale").get<double>();
  c.check({{"output", attn::scaled_dot_product_attention(c.input("query"), c.input("key"), c.input("value"), o)}});
}

void check_conv1d(const Case& c) {
  c.check({{"output", attn::conv1d(c.input("input"), c.input("weight"), c.input("bias"),
                                   {c.option<Index>("stride", 1), c.option<Index>("padding", 0)})}});
}

}  // namespace

TEST_CASE("layers of one tensor give PyTorch's outputs and gradients") {
  check_each({{"Linear", check_linear},
              {"Embedding", check_embedding},
              {"LayerNorm", check_norm<attn::nn::LayerNorm>},
              {"RMSNorm", check_norm<attn::nn::RMSNorm>},
              {"Sequential", check_sequential}});
}

TEST_CASE("GRU gives PyTorch's outputs, last states and gradients") { check_each({{"GRU", check_gru}}); }

TEST_CASE("functions give PyTorch's values and gradients") {
  check_each({{"softmax",
               [](const Case& c) {
                 c.check({{"output", attn::softmax(c.input("x"), c.options.at("dim"))}});
               }},
              {"log_softmax",
               [](const Case& c) {
                 c.check({{"output", attn::log_softmax(c.input("x"), c.options.at("dim"))}});
               }},
              {"unary",
               [](const Case& c) {
                 c.check({{"output", attn::unary(activation(c.options.at("f")), c.input("x"))}});
               }},
              {"scaled_dot_product_attention", check_attention},
              {"conv1d", check_conv1d}});
}

TEST_CASE("losses give PyTorch's values and gradients") {
  check_each({{"cross_entropy",
               [](const Case& c) {
                 c.check({{"output", attn::cross_entropy(c.input("logits"), c.input("target"),
                                                         {.weight = c.input("weight"),
                                                          .ignore_index = c.option<Index>("ignore_index", -100),
                                                          .label_smoothing = c.option("label_smoothing", 0.0),
                                                          .reduction = reduction(c)})}});
               }},
              {"binary_cross_entropy_with_logits",
               [](const Case& c) {
                 c.check({{"output", attn::binary_cross_entropy_with_logits(c.input("logits"), c.input("target"),
                                                                            {.weight = c.input("weight"),
                                                                             .pos_weight = c.input("pos_weight"),
                                                                             .reduction = reduction(c)})}});
               }},
              {"mse_loss", [](const Case& c) {
                 c.check({{"output", attn::mse_loss(c.input("input"), c.input("target"), reduction(c))}});
               }}});
}

TEST_CASE("no golden case is of a kind that no test runs") {
  const std::set<std::string> known{"Linear",        "Embedding",
                                    "LayerNorm",     "RMSNorm",
                                    "Sequential",    "GRU",
                                    "softmax",       "log_softmax",
                                    "unary",         "conv1d",
                                    "mse_loss",      "scaled_dot_product_attention",
                                    "cross_entropy", "binary_cross_entropy_with_logits"};
  for (const Case& c : cases()) CHECK_MESSAGE(known.contains(c.layer), c.name << " is of " << c.layer);
}
