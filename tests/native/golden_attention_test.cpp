// Attention and Transformer layers against PyTorch; tests/golden/make_attention.py computed the cases.
#include "golden.hpp"

using namespace test;
using golden::Case;
namespace nn = attn::nn;

namespace {

/// Every case of this layer, of which there must be some.
void each(const char* layer, const test::Function<void(const Case&)>& check) {
  Index met = 0;
  for (const Case& c : golden::read("attention.json")) {
    if (c.layer != layer) continue;
    CAPTURE(c.name);
    check(c);
    ++met;
  }
  CHECK(met > 0);
}

std::optional<Index> size(const Case& c, const char* key) {
  return c.options.contains(key) ? std::optional<Index>(c.options.at(key)) : std::nullopt;
}

nn::MultiheadAttentionOptions attention_options(const Case& c) {
  return {.embed_dim = c.options.at("embed_dim"),
          .num_heads = c.options.at("num_heads"),
          .dropout = c.option("dropout", 0.0),
          .bias = c.option("bias", true),
          .add_bias_kv = c.option("add_bias_kv", false),
          .add_zero_attn = c.option("add_zero_attn", false),
          .kdim = size(c, "kdim"),
          .vdim = size(c, "vdim"),
          .batch_first = c.option("batch_first", false),
          .num_kv_heads = size(c, "num_kv_heads"),
          .rotary = c.option("rotary", false),
          .alibi = c.option("alibi", false)};
}

/// Without the weights both paths are to agree: the fused one, and the plain one that a probe asks for.
template <class Attention>
void check_multihead(const Case& given) {
  for (const bool probed : {false, true}) {
    CAPTURE(probed);
    Case c = given;
    for (auto& [key, x] : c.inputs) x.set_grad({});
    Attention attention(attention_options(c));
    attention.load_state_dict(c.state);
    Index seen = 0;
    nn::MultiheadAttentionCall call{.key_padding_mask = c.input("key_padding_mask"),
                                    .attn_mask = c.input("attn_mask"),
                                    .need_weights = c.option("need_weights", true),
                                    .average_attn_weights = c.option("average_attn_weights", true),
                                    .is_causal = c.option("is_causal", false)};
    if (probed) call.probe = attn::Probe([&](const std::string&, const Tensor& x) { return ++seen, x; });
    const Tensor query = c.input("query"), key = c.inputs.contains("key") ? c.input("key") : query,
                 value = c.inputs.contains("value") ? c.input("value") : key;
    const nn::AttentionResult result = attention.forward(query, key, value, call);
    std::map<std::string, Tensor> outputs{{"output", result.output}};
    if (call.need_weights) outputs.emplace("weights", result.weights);
    c.check(outputs, attention.named_parameters());
    CHECK((seen > 0) == probed);
  }
}

nn::TransformerLayerOptions layer_options(const Case& c) {
  return {.d_model = c.options.at("d_model"),
          .nhead = c.options.at("nhead"),
          .dim_feedforward = c.option<Index>("dim_feedforward", 2048),
          .dropout = c.option("dropout", 0.1),
          .activation =
              c.option<std::string>("activation", "relu") == "gelu" ? attn::ops::Unary::gelu : attn::ops::Unary::relu,
          .layer_norm_eps = c.option("layer_norm_eps", 1e-5),
          .batch_first = c.option("batch_first", false),
          .norm_first = c.option("norm_first", false)};
}

nn::TransformerOptions stack_options(const Case& c) {
  return {layer_options(c), c.options.at("num_layers"), c.option("norm", false)};
}

template <class Module, class Options, class Forward>
void check_transformer(const Case& c, const Options& options, Forward forward) {
  Module module(options);
  module.load_state_dict(c.state);
  module.train(c.options.at("training"));
  c.check({{"output", forward(module)}}, module.named_parameters());
}

template <class Encoder, class Options>
void check_encoder(const Case& c, const Options& options, const char* mask) {
  check_transformer<Encoder>(c, options, [&](const Encoder& encoder) {
    return encoder.forward(c.input("src"),
                           {.mask = c.input(mask), .src_key_padding_mask = c.input("src_key_padding_mask")});
  });
}

template <class Decoder, class Options>
void check_decoder(const Case& c, const Options& options) {
  check_transformer<Decoder>(c, options, [&](const Decoder& decoder) {
    return decoder.forward(c.input("tgt"), c.input("memory"),
                           {.tgt_mask = c.input("tgt_mask"),
                            .memory_mask = c.input("memory_mask"),
                            .tgt_key_padding_mask = c.input("tgt_key_padding_mask"),
                            .memory_key_padding_mask = c.input("memory_key_padding_mask")});
  });
}

}  // namespace

TEST_CASE("multi-head attention equals PyTorch's, on both paths") {
  each("MultiheadAttention", check_multihead<nn::MultiheadAttention>);
}

TEST_CASE("dynamic attention equals its formula, on both paths") {
  each("DynamicAttention", check_multihead<nn::DynamicAttention>);
}

TEST_CASE("additive attention equals its formula, on both paths") {
  each("AdditiveAttention", [](const Case& given) {
    for (const bool probed : {false, true}) {
      CAPTURE(probed);
      Case c = given;
      for (auto& [key, x] : c.inputs) x.set_grad({});
      nn::AdditiveAttention attention(
          {c.options.at("query_dim"), c.options.at("key_dim"), c.options.at("attention_dim")});
      attention.load_state_dict(c.state);
      const attn::Probe probe =
          probed ? attn::Probe([](const std::string&, const Tensor& x) { return x; }) : attn::Probe();
      const nn::AttentionResult result =
          attention.forward(c.input("query"), c.input("key"), c.input("value"), c.input("key_padding_mask"), probe);
      c.check({{"output", result.output}, {"weights", result.weights}}, attention.named_parameters());
    }
  });
}

TEST_CASE("Transformer layers and stacks equal PyTorch's") {
  each("TransformerEncoderLayer",
       [](const Case& c) { check_encoder<nn::TransformerEncoderLayer>(c, layer_options(c), "src_mask"); });
  each("TransformerEncoder", [](const Case& c) { check_encoder<nn::TransformerEncoder>(c, stack_options(c), "mask"); });
  each("TransformerDecoderLayer",
       [](const Case& c) { check_decoder<nn::TransformerDecoderLayer>(c, layer_options(c)); });
  each("TransformerDecoder", [](const Case& c) { check_decoder<nn::TransformerDecoder>(c, stack_options(c)); });
}
