// A probe that only looks changes nothing, bit for bit: every layer and every model that takes one, whatever its inputs
// hold. That the facade's are all there is seen in tests/node/probe.test.mjs.
#include <algorithm>

#include "attn/autograd.hpp"
#include "model_helpers.hpp"
#include "models/classifier.hpp"
#include "models/gpt.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"
#include "models/vit.hpp"

using namespace test;
using attn::Probe;
namespace nn = attn::nn;
namespace models = attn::models;

namespace {

constexpr Index kBatch = 2, kSteps = 5, kKeys = 7, kFeatures = 4, kVocabulary = 9;

/// What stands in the inputs beside random numbers, and where: at keys that are padded, or at one that is not.
struct Spoilt {
  const char* name;
  float by = 0;
  bool padded = true;
};
constexpr Spoilt kSpoilt[] = {{"nothing"},
                              {"NaN at padded keys", kNan},
                              {"infinity at padded keys", kInf},
                              {"-infinity at padded keys", -kInf},
                              {"NaN at a key", kNan, false},
                              {"infinity at a key", kInf, false}};

/// 1 where a key is padded: at the end, which is taken as lengths, or with a hole, which is not.
Tensor padding(Index keys, bool hole) {
  const Tensor mask = attn::zeros({kBatch, keys}, attn::DType::int32);
  mask.data<std::int32_t>()[keys - 1] = mask.data<std::int32_t>()[2 * keys - 2] = 1;
  if (!hole) mask.data<std::int32_t>()[2 * keys - 1] = 1;
  return mask;
}

/// Rows [kBatch,n,features]; every feature is spoilt, or one.
Tensor rows(const Spoilt& spoilt, Index n, Index features) {
  Random random(static_cast<std::uint64_t>(n * features));
  const Tensor x = random.tensor({kBatch, n, features});
  const Tensor padded = padding(n, false);
  for (Index row = 0; row < kBatch * n && spoilt.by != 0; ++row)
    for (Index i = 0; i < features; ++i)
      if (spoilt.padded ? padded.data<std::int32_t>()[row] != 0 : row == 1 && i == 0)
        x.data()[row * features + i] = spoilt.by;
  return x;
}

/// Tokens, the last of them where keys are padded, and elsewhere where a key is to be spoilt.
Tensor tokens(const Spoilt& spoilt, Index n) {
  Random random(3);
  const Tensor x = random_tokens(random, kBatch, n, kVocabulary - 1), padded = padding(n, false);
  for (Index i = 0; i < x.numel(); ++i)
    if (spoilt.padded ? padded.data<std::int32_t>()[i] != 0 : i == 1) x.data<std::int32_t>()[i] = kVocabulary - 1;
  return x;
}

/// What the last token's row of the embedding holds.
void spoil(const nn::Module& model, const Spoilt& spoilt) {
  for (const auto& [name, x] : model.named_parameters())
    if (spoilt.by != 0 && x.rank() == 2 && x.size(0) == kVocabulary && name.find("embed") != std::string::npos)
      std::fill_n(x.data() + (kVocabulary - 1) * x.size(1), x.size(1), spoilt.by);
}

/// A forward pass: its results, and the inputs that want a gradient beside the parameters.
struct Pass {
  std::vector<Tensor> results, inputs{};
};
using Forward = Function<Pass(const Probe&)>;

struct Ran {
  std::vector<Tensor> tensors{};  ///< results, then gradients
  std::uint64_t drawn = 0;        ///< where the generator then stands
};

Ran run(const nn::Module& module, const Forward& forward, const Probe& probe) {
  attn::manual_seed(7);
  const Pass pass = forward(probe);
  Ran ran{pass.results, attn::default_generator().next()};
  std::vector<Tensor> leaves = module.parameters();
  leaves.insert(leaves.end(), pass.inputs.begin(), pass.inputs.end());
  for (const Tensor& result : pass.results)
    if (result.requires_grad()) result.backward(Random(99).tensor(result.shape()), true);
  for (const Tensor& leaf : leaves)
    if (leaf.grad().defined()) {
      ran.tensors.push_back(leaf.grad());
      leaf.set_grad({});
    }
  return ran;
}

/// The results and the gradients are the same with any probe that only looks, and there are some.
void check_neutral(const nn::Module& module, const Forward& forward) {
  const Ran alone = run(module, forward, {});
  Index seen = 0;
  std::vector<Tensor> kept;
  const Probe looks[] = {
      Probe([&](const std::string&, const Tensor& x) { return ++seen, x; }),
      Probe([](const std::string&, const Tensor&) { return Tensor(); }),
      Probe([&](const std::string&, const Tensor& x) { return kept.push_back(attn::contiguous(x)), Tensor(); })};
  for (const Probe& look : looks) {
    const Ran looked = run(module, forward, look);
    CHECK(looked.drawn == alone.drawn);
    REQUIRE(looked.tensors.size() == alone.tensors.size());
    for (std::size_t i = 0; i < alone.tensors.size(); ++i) {
      CAPTURE(i);
      check_same_bits(attn::contiguous(looked.tensors[i]), attn::contiguous(alone.tensors[i]));
    }
  }
  CHECK(seen > 0);
  CHECK(seen == static_cast<Index>(kept.size()));
}

template <class Body>
void each_spoilt(Body body) {
  for (const Spoilt& spoilt : kSpoilt) {
    CAPTURE(spoilt.name);
    body(spoilt);
  }
}

/// Attention to a memory under every mask, with weights or without.
void check_attention(const nn::MultiheadAttention& attention) {
  const nn::MultiheadAttentionOptions& options = attention.options();
  const auto turned = [&](const Tensor& x) {
    return leaf(options.batch_first ? x : attn::contiguous(attn::transpose(x, 0, 1)));
  };
  const Index kdim = options.kdim.value_or(kFeatures), vdim = options.vdim.value_or(kFeatures);
  Random random(5);
  const Tensor closed = random.tensor({kSteps, kKeys});
  for (Index t = 0; t < kSteps; ++t) closed.data()[t * kKeys + kKeys - 1] = -kInf;
  Index cases = 0;
  each_spoilt([&](const Spoilt& spoilt) {
    for (const std::string kind : {"none", "end", "hole", "causal", "added", "all", "learned", "weights"}) {
      if (!in_turn(cases)) continue;
      CAPTURE(kind);
      check_neutral(attention, [&](const Probe& probe) {
        const Tensor query = turned(rows({"nothing"}, kSteps, kFeatures)), key = turned(rows(spoilt, kKeys, kdim));
        const Tensor value = kdim == vdim ? key : turned(rows(spoilt, kKeys, vdim));
        nn::MultiheadAttentionCall call{.need_weights = kind == "weights", .probe = probe};
        if (kind == "end" || kind == "hole" || kind == "all") call.key_padding_mask = padding(kKeys, kind != "end");
        if (kind == "added" || kind == "all" || kind == "weights") call.attn_mask = closed;
        if (kind == "learned") call.attn_mask = leaf(Tensor::from(closed.values(), closed.shape()));
        call.is_causal = kind == "causal" || kind == "all";
        const auto [output, weights] = attention.forward(query, key, value, call);
        Pass pass{{output}, {query, key, value}};
        if (weights.defined()) pass.results.push_back(weights);
        if (kind == "learned") pass.inputs.push_back(call.attn_mask);
        return pass;
      });
    }
  });
}

nn::TransformerLayerOptions layer_options(bool norm_first, double dropout) {
  return {.d_model = kFeatures,
          .nhead = 2,
          .dim_feedforward = 6,
          .dropout = dropout,
          .batch_first = true,
          .norm_first = norm_first};
}

}  // namespace

TEST_CASE("looking into multi-head attention changes nothing, whatever its options") {
  const nn::MultiheadAttentionOptions all[] = {
      {.embed_dim = kFeatures, .num_heads = 2},
      {.embed_dim = kFeatures, .num_heads = 1, .batch_first = true},
      {.embed_dim = kFeatures, .num_heads = 2, .dropout = 0.5, .batch_first = true},
      {.embed_dim = kFeatures, .num_heads = 2, .add_bias_kv = true, .add_zero_attn = true, .batch_first = true},
      {.embed_dim = kFeatures, .num_heads = 2, .bias = false, .kdim = 3, .vdim = 5},
      {.embed_dim = kFeatures, .num_heads = 2, .num_kv_heads = 1, .rotary = true},
      {.embed_dim = kFeatures, .num_heads = 2, .batch_first = true, .alibi = true}};
  for (const nn::MultiheadAttentionOptions& options : all) {
    CAPTURE(&options - all);
    attn::manual_seed(1);
    check_attention(nn::MultiheadAttention(options));
    check_attention(nn::DynamicAttention(options));
  }
}

TEST_CASE("looking into attention without a batch changes nothing") {
  const nn::MultiheadAttention attention({.embed_dim = kFeatures, .num_heads = 2});
  each_spoilt([&](const Spoilt& spoilt) {
    check_neutral(attention, [&](const Probe& probe) {
      const Tensor x = leaf(
          attn::contiguous(attn::reshape(attn::slice(rows(spoilt, kKeys, kFeatures), 0, 0, 1), {kKeys, kFeatures})));
      const Tensor padded = attn::reshape(attn::slice(padding(kKeys, true), 0, 0, 1), {kKeys});
      return Pass{
          {attention.forward(x, x, x, {.key_padding_mask = padded, .need_weights = false, .probe = probe}).output},
          {x}};
    });
  });
}

TEST_CASE("looking while a cache grows changes neither the result nor the cache") {
  const attn::NoGrad quiet;
  for (const Index groups : {2, 1}) {
    const nn::MultiheadAttention attention(
        {.embed_dim = kFeatures, .num_heads = 2, .batch_first = true, .num_kv_heads = groups, .rotary = true});
    each_spoilt([&](const Spoilt& spoilt) {
      check_neutral(attention, [&](const Probe& probe) {
        const Tensor x = rows(spoilt, kKeys, kFeatures);
        nn::KeyValueCache cache(kKeys);
        Pass pass;
        for (const auto& [from, to] : {std::pair{0, 4}, {4, 5}, {5, 7}}) {
          const Tensor step = attn::slice(x, 1, from, to);
          pass.results.push_back(attention
                                     .forward(step, step, step,
                                              {.key_padding_mask = attn::slice(padding(kKeys, true), 1, 0, to),
                                               .need_weights = false,
                                               .is_causal = true,
                                               .cache = &cache,
                                               .probe = probe})
                                     .output);
        }
        CHECK(cache.length() == kKeys);
        pass.results.insert(pass.results.end(), {cache.keys(), cache.values()});
        return pass;
      });
    });
  }
}

TEST_CASE("looking into additive attention changes nothing") {
  const nn::AdditiveAttention attention({.query_dim = kFeatures, .key_dim = 3, .attention_dim = 6});
  each_spoilt([&](const Spoilt& spoilt) {
    for (const std::string kind : {"none", "end", "hole"}) {
      CAPTURE(kind);
      check_neutral(attention, [&](const Probe& probe) {
        const Tensor query = leaf(rows({"nothing"}, kSteps, kFeatures)), key = leaf(rows(spoilt, kKeys, 3)),
                     value = leaf(rows(spoilt, kKeys, 2));
        const Tensor mask = kind == "none" ? Tensor() : padding(kKeys, kind == "hole");
        const auto [output, weights] = attention.forward(query, key, value, mask, probe);
        return Pass{{output, weights}, {query, key, value}};
      });
    }
  });
}

TEST_CASE("looking into recurrent layers changes nothing") {
  const nn::GRU gru(
      {.input_size = 3, .hidden_size = 4, .num_layers = 2, .batch_first = true, .dropout = 0.5, .bidirectional = true});
  each_spoilt([&](const Spoilt& spoilt) {
    check_neutral(gru, [&](const Probe& probe) {
      const Tensor x = leaf(rows(spoilt, kSteps, 3));
      const auto [output, hn] = gru.forward(x, {}, probe);
      return Pass{{output, hn}, {x}};
    });
  });
}

TEST_CASE("looking into the Transformer's layers and stacks changes nothing") {
  for (const double dropout : {0.0, 0.5})
    for (const bool norm_first : {false, true}) {
      CAPTURE(dropout);
      CAPTURE(norm_first);
      const nn::TransformerLayerOptions options = layer_options(norm_first, dropout);
      const nn::TransformerEncoderLayer encoder_layer(options);
      const nn::TransformerEncoder encoder({options, 2, true});
      const nn::TransformerDecoderLayer decoder_layer(options);
      const nn::TransformerDecoder decoder({options, 2, true});
      each_spoilt([&](const Spoilt& spoilt) {
        const auto encode = [&](const auto& layer) {
          check_neutral(layer, [&](const Probe& probe) {
            const Tensor x = leaf(rows(spoilt, kKeys, kFeatures));
            return Pass{{layer.forward(x, {.src_key_padding_mask = padding(kKeys, false), .probe = probe})}, {x}};
          });
        };
        const auto decode = [&](const auto& layer) {
          check_neutral(layer, [&](const Probe& probe) {
            const Tensor x = leaf(rows({"nothing"}, kSteps, kFeatures)), memory = leaf(rows(spoilt, kKeys, kFeatures));
            return Pass{{layer.forward(
                            x, memory,
                            {.memory_key_padding_mask = padding(kKeys, true), .tgt_is_causal = true, .probe = probe})},
                        {x, memory}};
          });
        };
        encode(encoder_layer);
        encode(encoder);
        decode(decoder_layer);
        decode(decoder);
      });
    }
}

TEST_CASE("looking into any model changes nothing") {
  Random random(6);
  Index cases = 0;
  each_spoilt([&](const Spoilt& spoilt) {
    const auto check = [&](const nn::Module& model, const Forward& forward) {
      if (!in_turn(cases)) return;
      randomize(model, random, 0.5f);
      spoil(model, spoilt);
      check_neutral(model, forward);
    };
    for (const models::Positions positions : all_positions) {
      const models::GPT gpt({.vocab_size = kVocabulary,
                             .max_length = kKeys,
                             .d_model = 8,
                             .num_heads = 2,
                             .num_layers = 2,
                             .num_kv_heads = 1,
                             .positions = positions});
      check(gpt, [&](const Probe& probe) { return Pass{{gpt.forward(tokens(spoilt, kKeys), probe)}}; });
      check(gpt, [&](const Probe& probe) {
        const attn::NoGrad quiet;
        auto caches = gpt.caches();
        const Tensor all = tokens(spoilt, kKeys);
        return Pass{{gpt.hidden(attn::slice(all, 1, 0, 4), caches, probe),
                     gpt.hidden(attn::slice(all, 1, 4, kKeys), caches, probe)}};
      });
    }
    for (const models::Pooling pooling : all_pooling) {
      const models::Classifier classifier({.vocab_size = kVocabulary,
                                           .max_length = kKeys,
                                           .num_classes = 3,
                                           .d_model = 8,
                                           .num_heads = 2,
                                           .num_layers = 2,
                                           .pooling = pooling});
      check(classifier, [&](const Probe& probe) {
        return Pass{{classifier.forward(tokens(spoilt, kKeys), padding(kKeys, true), probe)}};
      });
      const models::ViT vit({.image_size = 4,
                             .patch_size = 2,
                             .num_classes = 3,
                             .d_model = 8,
                             .num_heads = 2,
                             .num_layers = 2,
                             .num_channels = 1,
                             .pooling = pooling});
      check(vit, [&](const Probe& probe) {
        const Tensor image = leaf(attn::reshape(rows(spoilt, 4, 4), {kBatch, 1, 4, 4}));
        return Pass{{vit.forward(image, probe)}, {image}};
      });
    }
    const Tensor target = tokens({"nothing"}, kSteps), lengths = integers({kKeys - 1, kKeys - 2});
    using models::Seq2SeqAttention;
    for (const Seq2SeqAttention attention :
         {Seq2SeqAttention::additive, Seq2SeqAttention::dot, Seq2SeqAttention::general})
      for (const double teacher_forcing : {1.0, 0.5}) {
        const models::Seq2Seq model({.source_vocab = kVocabulary,
                                     .target_vocab = kVocabulary,
                                     .embedding_dim = 3,
                                     .hidden_size = 4,
                                     .num_layers = 2,
                                     .attention = attention,
                                     .dropout = 0.5});
        check(model, [&](const Probe& probe) {
          const auto [logits, alignment] =
              model.forward(tokens(spoilt, kKeys), lengths, target, teacher_forcing, probe);
          return Pass{{logits, alignment}};
        });
      }
    for (const double dropout : {0.0, 0.5}) {
      const models::Transformer model({.source_vocab = kVocabulary,
                                       .target_vocab = kVocabulary,
                                       .max_length = kKeys,
                                       .d_model = 8,
                                       .num_heads = 2,
                                       .num_layers = 2,
                                       .dropout = dropout});
      check(model,
            [&](const Probe& probe) { return Pass{{model.forward(tokens(spoilt, kKeys), lengths, target, probe)}}; });
    }
  });
}
