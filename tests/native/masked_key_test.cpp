// A masked key contributes nothing, whatever it holds: on every path of attention, in every layer and model that has
// one, in results and in gradients. A key that is not masked spoils what attends to it.
#include <algorithm>
#include <cmath>

#include "layer_helpers.hpp"
#include "model_helpers.hpp"
#include "models/classifier.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"

using namespace test;
using attn::Probe;
namespace nn = attn::nn;
namespace models = attn::models;

namespace {

constexpr float kOdd[] = {kNan, kInf, -kInf};

Tensor copy_of(const Tensor& x) { return Tensor::from(attn::contiguous(x).values(), x.shape()); }

/// x [B,S,D] with something else in row s of the last of the batch.
Tensor spoilt(const Tensor& x, Index s, float by) {
  const Tensor out = copy_of(x);
  const Index d = x.size(-1), rows = x.size(-2);
  std::fill_n(out.data() + (x.numel() / d - rows + s) * d, d, by);
  return out;
}

Tensor batch(const Tensor& x, Index at) { return attn::contiguous(attn::slice(x, 0, at, at + 1)); }

/// What follows from query, key and value, and the gradients of these.
struct Found {
  Tensor output, to_query, to_key, to_value;
};
using Attend = Function<Tensor(const Tensor& query, const Tensor& key, const Tensor& value)>;

Found find(const Attend& attend, const Tensor& query, const Tensor& key, const Tensor& value) {
  const Tensor q = leaf(copy_of(query)), k = leaf(copy_of(key)), v = leaf(copy_of(value));
  const Tensor output = attend(q, k, v);
  output.backward(Random(3).tensor(output.shape()));
  // Some scores have no use for the key.
  return {output.detach(), q.grad(), k.grad().defined() ? k.grad() : attn::zeros(k.shape()), v.grad()};
}

/// Key s of the last of the batch is masked for all queries. What is numbers stays the same bits, whatever that key and
/// its value hold; both have no gradient. The sign of a zero is the machine's.
void check_masked(const Attend& attend, const Tensor& query, const Tensor& key, const Tensor& value, Index s) {
  const auto same = [](const Tensor& a, const Tensor& b) {
    check_same_bits(attn::binary(attn::ops::Binary::add, a, attn::zeros({})),
                    attn::binary(attn::ops::Binary::add, b, attn::zeros({})));
  };
  const Found want = find(attend, query, key, value);
  for (const float odd : kOdd) {
    CAPTURE(odd);
    for (const bool of_key : {true, false})
      for (const bool of_value : {true, false}) {
        const Found got =
            find(attend, query, of_key ? spoilt(key, s, odd) : key, of_value ? spoilt(value, s, odd) : value);
        same(got.output, want.output);
        same(got.to_query, want.to_query);
        same(got.to_key, want.to_key);
        same(got.to_value, want.to_value);
      }
  }
}

}  // namespace

TEST_CASE("a masked key and its value leave neither results nor gradients a trace, whatever the path") {
  Random random(1);
  using Options = nn::MultiheadAttentionOptions;
  const Index S = 6;
  Index cases = 0;
  for (const Options& options :
       {Options{.embed_dim = 4, .num_heads = 2, .batch_first = true},
        Options{.embed_dim = 4, .num_heads = 2, .add_bias_kv = true, .add_zero_attn = true, .batch_first = true},
        Options{.embed_dim = 4, .num_heads = 2, .batch_first = true, .num_kv_heads = 1, .rotary = true, .alibi = true},
        Options{.embed_dim = 4, .num_heads = 2, .dropout = 0.3, .batch_first = true}})
    for (const Index queries : {1, 5})  // of few, the fused path splits the keys instead
      for (const bool dynamic : {false, true})
        for (const Index s : {S - 1, Index{2}})
          for (const std::string mask : {"padding", "boolean", "added", "learned"})
            for (const std::string path : {"fused", "with weights", "replaced"}) {
              if (!in_turn(cases)) continue;
              CAPTURE(queries);
              CAPTURE(dynamic);
              CAPTURE(s);
              CAPTURE(mask);
              CAPTURE(path);
              const auto attention = dynamic ? std::make_shared<nn::DynamicAttention>(options)
                                             : std::make_shared<nn::MultiheadAttention>(options);
              nn::MultiheadAttentionCall call{.need_weights = path == "with weights"};
              // Values that are one of them with their key are projected with it; here they are apart.
              if (path == "replaced")
                call.probe = Probe([](const std::string&, const Tensor& x) { return attn::slice(x, 0, 0, x.size(0)); });
              const Tensor closed = attn::zeros({queries, S}), flags = attn::zeros({queries, S}, attn::DType::int32);
              for (Index t = 0; t < queries; ++t) {
                closed.data()[t * S + s] = -kInf;
                flags.data<std::int32_t>()[t * S + s] = 1;
              }
              if (mask == "padding") {
                call.key_padding_mask = attn::zeros({2, S}, attn::DType::int32);
                call.key_padding_mask.data<std::int32_t>()[S + s] = 1;
              }
              if (mask == "boolean") call.attn_mask = flags;
              if (mask == "added") call.attn_mask = closed;
              if (mask == "learned") call.attn_mask = leaf(closed);
              check_masked(
                  [&](const Tensor& q, const Tensor& k, const Tensor& v) {
                    attn::manual_seed(4);
                    return attention->forward(q, k, v, call).output;
                  },
                  random.tensor({2, queries, 4}), random.tensor({2, S, 4}), random.tensor({2, S, 4}), s);
              if (mask == "learned")
                check_all(
                    call.attn_mask.grad(), [](float g) { return std::isfinite(g); }, "finite");
            }
}

TEST_CASE("what a causal mask leaves to the future does not show in the past") {
  Random random(2);
  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2, .batch_first = true});
  const Tensor x = random.tensor({1, 6, 4});
  for (const bool weights : {false, true})
    check_masked(
        [&](const Tensor& q, const Tensor& k, const Tensor& v) {
          const nn::MultiheadAttentionCall call{.need_weights = weights, .is_causal = true};
          return attention.forward(q, k, v, call).output;
        },
        attn::slice(x, 1, 0, 5), x, x, 5);
}

TEST_CASE("a weight that the probe gives a masked key counts, and so does what the key then brings") {
  Random random(3);
  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2, .batch_first = true});
  const nn::AdditiveAttention additive({.query_dim = 4, .key_dim = 4, .attention_dim = 3});
  const Tensor query = random.tensor({1, 2, 4}), memory = random.tensor({1, 3, 4}), mask = integers({0, 0, 1}, {1, 3});
  const Probe all_on_it([](const std::string& name, const Tensor& x) {
    if (name != "weights") return Tensor();
    const Tensor weights = attn::zeros(x.shape());
    for (Index i = 2; i < x.numel(); i += 3) weights.data()[i] = 1;
    return weights;
  });
  const auto found = [&](const Tensor& rows) {
    return attention.forward(query, rows, rows, {.key_padding_mask = mask, .need_weights = false, .probe = all_on_it})
        .output;
  };
  const Tensor alone = attn::slice(memory, 1, 2, 3);  // one key has all the weight
  check_close(found(memory), exact(attention.forward(query, alone, alone).output), 1e-6);
  check_all(
      found(spoilt(memory, 2, kNan)), [](float v) { return std::isnan(v); }, "NaN");
  const auto additively = [&](const Tensor& rows) {
    return additive.forward(query, memory, rows, mask, all_on_it).output;
  };
  check_same_bits(batch(attn::slice(additively(memory), 1, 1, 2), 0), attn::contiguous(alone));
  check_all(
      additively(spoilt(memory, 2, kNan)), [](float v) { return std::isnan(v); }, "NaN");
}

TEST_CASE("a key that is not masked spoils what attends to it, on every path") {
  Random random(4);
  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2, .batch_first = true});
  const Tensor query = random.tensor({1, 2, 4}), memory = random.tensor({1, 3, 4}), mask = integers({0, 0, 1}, {1, 3});
  for (const bool weights : {false, true})
    for (const bool key : {false, true}) {
      const Tensor odd = spoilt(memory, 1, kNan);
      const auto result = attention.forward(query, key ? odd : memory, key ? memory : odd,
                                            {.key_padding_mask = mask, .need_weights = weights});
      check_all(
          result.output, [](float v) { return std::isnan(v); }, "NaN");
    }
}

TEST_CASE("additive attention and attend leave a masked key no trace, with any score") {
  Random random(5);
  const nn::AdditiveAttention additive({.query_dim = 4, .key_dim = 4, .attention_dim = 3});
  for (const Index s : {5, 2}) {
    CAPTURE(s);
    const Tensor padded = attn::zeros({2, 6}, attn::DType::int32), closed = attn::zeros({2, 1, 6});
    padded.data<std::int32_t>()[6 + s] = 1;
    closed.data()[6 + s] = -kInf;
    const auto check = [&](const Attend& attend) {
      check_masked(attend, random.tensor({2, 3, 4}), random.tensor({2, 6, 4}), random.tensor({2, 6, 4}), s);
    };
    for (const char* replaced : {"nothing", "scores", "masked", "weights"}) {
      CAPTURE(replaced);
      const Probe probe = replacing(replaced, [](const Tensor& x) { return attn::slice(x, 0, 0, x.size(0)); });
      check([&](const Tensor& q, const Tensor& k, const Tensor& v) {
        return additive.forward(q, k, v, padded, probe).output;
      });
    }
    for (const auto& [name, x] : additive.named_parameters()) {
      CAPTURE(name);
      check_all(
          x.grad(), [](float g) { return std::isfinite(g); }, "finite");
    }
    using attn::Score;
    for (const Score score : {Score::dot, Score::scaled_dot, Score::sqrt_norm, Score::cosine, Score::general,
                              Score::additive, Score::location}) {
      CAPTURE(static_cast<int>(score));
      const Shape matrix = score == Score::location ? Shape{6, 4} : Shape{4, 4};
      const attn::AttendOptions options{.score = score,
                                        .mask = {.additive = closed},
                                        .weight = leaf(random.tensor(matrix)),
                                        .query_weight = leaf(random.tensor({3, 4})),
                                        .key_weight = leaf(random.tensor({3, 4})),
                                        .score_vector = leaf(random.tensor({3}))};
      check([&](const Tensor& q, const Tensor& k, const Tensor& v) { return attn::attend(q, k, v, options).output; });
      for (const Tensor& x : {options.weight, options.query_weight, options.key_weight, options.score_vector})
        if (x.grad().defined())
          check_all(
              x.grad(), [](float g) { return std::isfinite(g); }, "finite");
    }
  }
}

TEST_CASE("what stands where a model's input is padded does not show in its results") {
  Random random(6);
  constexpr Index vocabulary = 9, steps = 6, length = 4;
  Tensor tokens = random_tokens(random, 2, steps, vocabulary - 1), padded = attn::zeros({2, steps}, attn::DType::int32);
  for (Index t = length; t < steps; ++t) {
    tokens.data<std::int32_t>()[steps + t] = vocabulary - 1;
    padded.data<std::int32_t>()[steps + t] = 1;
  }
  const Tensor lengths = integers({steps, length}), target = random_tokens(random, 2, 3, vocabulary - 1);
  // The last token stands where the source is padded, and nowhere else.
  const auto check = [&](const nn::Module& model, const std::string& table,
                         const Function<Tensor(const Probe&)>& forward) {
    randomize(model, random, 0.5f);
    for (const Probe& probe : {Probe(), copying()}) {
      const Tensor before = forward(probe);
      for (const auto& [name, x] : model.named_parameters()) {
        if (name != table) continue;
        const Tensor kept = copy_of(x);
        for (const float odd : kOdd) {
          CAPTURE(odd);
          std::fill_n(x.data() + (vocabulary - 1) * x.size(1), x.size(1), odd);
          check_same_bits(forward(probe), before);
        }
        std::ranges::copy(kept.values(), x.data());
      }
      CHECK(largest(before) > 0);
    }
  };
  for (const models::Pooling pooling : all_pooling) {
    CAPTURE(std::string(name_of(pooling)));
    const models::Classifier model({.vocab_size = vocabulary,
                                    .max_length = steps,
                                    .num_classes = 3,
                                    .d_model = 8,
                                    .num_heads = 2,
                                    .num_layers = 2,
                                    .pooling = pooling});
    check(model, "embed.weight", [&](const Probe& probe) { return model.forward(tokens, padded, probe); });
  }
  for (const auto attention :
       {models::Seq2SeqAttention::additive, models::Seq2SeqAttention::dot, models::Seq2SeqAttention::general}) {
    CAPTURE(std::string(name_of(attention)));
    const models::Seq2Seq model({.source_vocab = vocabulary,
                                 .target_vocab = vocabulary,
                                 .embedding_dim = 3,
                                 .hidden_size = 4,
                                 .attention = attention});
    check(model, "source_embedding.weight",
          [&](const Probe& probe) { return model.forward(tokens, lengths, target, 1, probe).logits; });
  }
  const models::Transformer model({.source_vocab = vocabulary,
                                   .target_vocab = vocabulary,
                                   .max_length = steps,
                                   .d_model = 8,
                                   .num_heads = 2,
                                   .num_layers = 2,
                                   .dropout = 0});
  check(model, "source_embedding.weight",
        [&](const Probe& probe) { return model.forward(tokens, lengths, target, probe); });
}
