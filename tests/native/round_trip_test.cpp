// What is written is read, bit for bit; what could not be read is not written.
#include <bit>
#include <cmath>
#include <memory>

#include "../fuzz/checkpoint.hpp"
#include "model_helpers.hpp"
#include "models/seq2seq.hpp"
#include "models/transformer.hpp"

using namespace test;
using namespace std::string_literals;
using attn::ErrorCode;
using attn::Metadata;
namespace nn = attn::nn;
namespace models = attn::models;
namespace optim = attn::optim;

namespace {

const std::string kTexts[] = {"",
                              "a",
                              "weight",
                              ".",
                              " ",
                              "\"",
                              "\\",
                              "'",
                              "/",
                              "{",
                              "\n",
                              "\t",
                              "\x01",
                              "\x7f",
                              "\0"s,
                              "optimizer",
                              "optimizer.state.0.step",
                              "__proto__",
                              "ü",
                              "重み",
                              "\u2028",
                              "\ufeff",
                              "\uffff",
                              "😀",
                              "\U0010ffff"};
/// Not UTF-8: cut off, too long for what it says, half of a surrogate pair, beyond the last character.
const std::string kNoTexts[] = {"\xc3", "\xf0\x9f\x98", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"};

/// Of some pieces; `valid` is false once it is not UTF-8.
std::string text(Random& random, bool& valid) {
  std::string out;
  for (Index n = random.integer(0, 3); n > 0; --n) {
    const bool good = !random.chance(0.02);
    const auto pick = [&](const auto& list) {
      return list[static_cast<std::size_t>(random.integer(0, std::ssize(list) - 1))];
    };
    out += good ? pick(kTexts) : pick(kNoTexts);
    valid = valid && good;
  }
  return out;
}

/// Any bits, those of NaN with a payload, infinities and -0 often.
std::uint32_t bits(Random& random) {
  constexpr std::uint32_t odd[] = {0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 1, 0};
  return random.chance(0.5) ? odd[random.integer(0, 7)] : static_cast<std::uint32_t>(random.next());
}

Tensor any_tensor(Random& random) {
  Shape shape;
  for (Index rank = random.integer(0, 4); rank > 0; --rank)
    shape.push_back(random.chance(0.1) ? 0 : random.integer(1, 4));
  const bool real = random.chance(0.7);
  Tensor x = Tensor::empty(shape, real ? attn::DType::float32 : attn::DType::int32);
  for (Index i = 0; i < x.numel(); ++i) {
    const std::uint32_t b = bits(random);
    std::memcpy(real ? static_cast<void*>(x.data() + i) : x.data<std::int32_t>() + i, &b, sizeof b);
  }
  if (shape.size() > 1 && random.chance(0.5)) x = attn::transpose(x, 0, -1);  // a view
  if (!shape.empty() && random.chance(0.2)) x = attn::slice(x, 0, 0, x.size(0) / 2);
  return x;
}

Tensor dense(const Tensor& x) { return attn::contiguous(x); }

}  // namespace

TEST_CASE("a random state dict with nasty names reads back bit for bit, or has a name that no file can hold") {
  Random random(1);
  int written = 0, refused = 0;
  for (int round = 0; round < share_of(2000); ++round) {
    CAPTURE(round);
    bool valid = true;
    nn::NamedTensors tensors;
    Metadata metadata;
    for (Index n = random.integer(0, 6); n > 0; --n) {
      std::string name = random.chance(0.01) ? "__metadata__" : text(random, valid);
      const bool known = std::ranges::any_of(tensors, [&](const auto& entry) { return entry.first == name; });
      valid = valid && !known && name != "__metadata__";
      tensors.emplace_back(std::move(name), any_tensor(random));
    }
    for (Index n = random.integer(0, 3); n > 0; --n) {
      std::string key = text(random, valid), value = text(random, valid);
      metadata.emplace(std::to_string(n) + std::move(key), std::move(value));
    }
    nn::NamedTensors plain;  // memcmp wants elements in a row
    for (const auto& [name, x] : tensors) plain.emplace_back(name, dense(x));
    bool wrote = false;
    CHECK_NOTHROW(wrote = fuzz::round_trip(plain, metadata));
    CHECK(wrote == valid);
    if (valid) CHECK(attn::save_safetensors(tensors, metadata) == attn::save_safetensors(plain, metadata));
    ++(wrote ? written : refused);
  }
  CHECK(written > share_of(500));
  CHECK(refused > share_of(200));
}

TEST_CASE("whatever bytes make of names and shapes is written and read, or is a FORMAT error") {
  Random random(2);
  int written = 0;
  for (int round = 0; round < share_of(4000); ++round) {
    CAPTURE(round);
    std::vector<std::byte> bytes(static_cast<std::size_t>(random.integer(0, 80)));
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.next() & (random.chance(0.9) ? 0x7f : 0xff));
    CHECK_NOTHROW(written += fuzz::writes(bytes));
  }
  CHECK(written > share_of(1000));
  CHECK(written < share_of(4000));
}

TEST_CASE("what no file can hold is refused by who writes") {
  constexpr Index huge = std::numeric_limits<Index>::max() / 16;
  const Tensor none = attn::zeros({huge, 0, huge}), one = attn::zeros({1});
  check_error(ErrorCode::format, "save_safetensors", {"none", "too large"}, [&] {
    attn::save_safetensors({{"none", none}});
  });
  CHECK(fuzz::round_trip({{"none", attn::zeros({huge, 0})}}, {}));
  nn::NamedTensors tensors;  // each of as many elements as memory has at most, and none of its own
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    tensors.emplace_back(name, one.restrided({huge}, {0}));
  check_error(ErrorCode::oom, "save_safetensors", {"memory"}, [&] { attn::save_safetensors(tensors); });
#ifndef __EMSCRIPTEN__                                                  // it takes some hundred megabytes
  const Metadata long_text{{"note", std::string(17'000'000, '\x01')}};  // \u0001
  check_error(ErrorCode::format, "save_safetensors", {"header", "100000000"}, [&] {
    attn::save_safetensors({{"a", one}}, long_text);
  });
#endif
}

namespace {

using MakeOptimizer = Function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>;
using MakeModel = Function<std::unique_ptr<nn::Module>()>;

template <class O, class Options>
MakeOptimizer optimizer(Options options) {
  return [=](const std::vector<Tensor>& parameters) { return std::make_unique<O>(parameters, options); };
}
/// Every optimiser with all that it can remember, and how another of its kind is made.
const std::pair<MakeOptimizer, MakeOptimizer> kOptimizers[] = {
    {optimizer<optim::SGD>(optim::SGDOptions{.lr = 0.1}), optimizer<optim::SGD>(optim::SGDOptions{})},
    {optimizer<optim::SGD>(
         optim::SGDOptions{.lr = 1 / 3.0, .momentum = 0.9, .dampening = -1e-300, .weight_decay = 1e24}),
     optimizer<optim::SGD>(optim::SGDOptions{})},
    {optimizer<optim::Adam>(optim::AdamOptions{.lr = 5e-324, .betas = {0.1, 1 - 0x1p-53}}),
     optimizer<optim::Adam>(optim::AdamOptions{})},
    {optimizer<optim::AdamW>(optim::AdamWOptions{.lr = 1e30, .eps = 0, .amsgrad = true}),
     optimizer<optim::AdamW>(optim::AdamWOptions{})}};

template <class M, class Options>
MakeModel model(Options options) {
  return [=] { return std::make_unique<M>(options); };
}
const nn::TransformerLayerOptions kLayer{.d_model = 4, .nhead = 2, .dim_feedforward = 3};
const MakeModel kModels[] = {
    model<nn::Linear>(nn::LinearOptions{3, 2}),
    model<nn::Embedding>(nn::EmbeddingOptions{3, 2}),
    model<nn::LayerNorm>(nn::NormOptions{3}),
    model<nn::RMSNorm>(nn::NormOptions{3}),
    model<nn::GRU>(nn::GRUOptions{.input_size = 2, .hidden_size = 2, .num_layers = 2, .bidirectional = true}),
    model<nn::MultiheadAttention>(nn::MultiheadAttentionOptions{.embed_dim = 4, .num_heads = 2, .add_bias_kv = true}),
    model<nn::DynamicAttention>(nn::MultiheadAttentionOptions{.embed_dim = 4, .num_heads = 2, .kdim = 3}),
    model<nn::AdditiveAttention>(nn::AdditiveAttentionOptions{2, 3, 4}),
    model<nn::TransformerEncoder>(nn::TransformerOptions{kLayer, 2, true}),
    model<nn::TransformerDecoder>(nn::TransformerOptions{kLayer, 1, false}),
    [] {
      const auto twice = std::make_shared<nn::Linear>(nn::LinearOptions{2, 2});  // one layer under two names
      return std::make_unique<nn::Sequential>(std::vector<std::shared_ptr<nn::Layer>>{twice, twice});
    },
    model<models::GPT>(with(small_gpt, [](auto& c) { c.tie_weights = true; })),
    model<models::Classifier>(small_classifier),
    model<models::ViT>(small_vit),
    model<models::Seq2Seq>(models::Seq2SeqConfig{
        .source_vocab = 5, .target_vocab = 5, .embedding_dim = 2, .hidden_size = 4, .tie_embeddings = true}),
    model<models::Transformer>(models::TransformerConfig{.source_vocab = 5,
                                                         .target_vocab = 5,
                                                         .max_length = 4,
                                                         .d_model = 4,
                                                         .num_heads = 2,
                                                         .num_layers = 1,
                                                         .positions = models::Positions::learned,
                                                         .tie_embeddings = true})};

/// Steps on gradients of any size, and infinite ones; some parameters never have one.
void train(const nn::Module& module, optim::Optimizer& optimizer, std::uint64_t seed, int steps) {
  Random random(seed);
  constexpr float sizes[] = {1, 0, 1e24f, -3e38f, 1e-45f, kInf, kNan};
  const std::vector<Tensor> parameters = module.parameters();
  for (int t = 0; t < steps; ++t) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor gradient = random.tensor(parameters[i].shape());
      for (float& g : gradient.values()) g *= sizes[random.chance(0.9) ? 0 : random.integer(1, 6)];
      if (i % 3 != 2) parameters[i].set_grad(gradient);
    }
    optimizer.step();
    optimizer.zero_grad();
  }
}

}  // namespace

TEST_CASE(
    "the training of every model with every optimizer is loaded as it was saved, and goes on with the same bits") {
  std::uint64_t seed = 0;
  for (const MakeModel& make_model : kModels)
    for (const auto& [make_optimizer, make_other] : kOptimizers) {
      CAPTURE(++seed);
      const auto trained = make_model(), fresh = make_model();
      const auto own = make_optimizer(trained->parameters()), other = make_other(fresh->parameters());
      train(*trained, *own, seed, 3);
      const Metadata metadata{{"config", "{\"größe\":\"\\u0000\"}"}, {"", "\0\n\U0001f600"s}};
      const auto bytes = attn::save_checkpoint(*trained, own.get(), metadata);
      CHECK(attn::load_checkpoint(bytes, *fresh, other.get()) == metadata);
      CHECK(attn::save_checkpoint(*fresh, other.get(), metadata) == bytes);
      train(*trained, *own, seed + 1000, 2);
      train(*fresh, *other, seed + 1000, 2);
      CHECK(attn::save_checkpoint(*fresh, other.get()) == attn::save_checkpoint(*trained, own.get()));
    }
}

TEST_CASE("an infinite moment is loaded unless that is forbidden, and then the message says how to allow it") {
  nn::Linear trained({1, 1}), fresh({1, 1});
  optim::Adam own(trained.parameters()), other(fresh.parameters());
  for (const Tensor& x : trained.parameters()) x.set_grad(attn::full(x.shape(), 1e24f));
  own.step();
  const auto bytes = attn::save_checkpoint(trained, &own);
  const std::initializer_list<std::string_view> says{"\"optimizer.state.0.exp_avg_sq\"", "inf",
                                                     "allow_nonfinite: true"};
  check_error(ErrorCode::format, "load_safetensors", says, [&] { attn::load_safetensors(bytes); });
  check_error(ErrorCode::format, "load_safetensors", says, [&] { attn::load_checkpoint(bytes, fresh, &other, false); });
  CHECK(other.state_dict().tensors.empty());
  attn::load_checkpoint(bytes, fresh, &other);
  CHECK(*other.state_dict().tensors.at(2).second.data() == kInf);
}

TEST_CASE("options of an optimizer keep every digit") {
  Random random(3);
  nn::Linear layer({1, 1});
  optim::SGD own(layer.parameters()), other(layer.parameters());
  for (int round = 0; round < share_of(2000); ++round) {
    const auto lr = std::bit_cast<double>(random.next() >> 1);
    if (!std::isfinite(lr)) continue;
    own.set_lr(lr);
    attn::load_checkpoint(attn::save_checkpoint(layer, &own), layer, &other);
    CHECK(std::bit_cast<std::uint64_t>(other.lr()) == std::bit_cast<std::uint64_t>(lr));
  }
}

TEST_CASE("an optimizer whose options no file can hold is refused by who writes") {
  class Odd : public optim::Optimizer {
   public:
    Odd(const nn::Module& model, const std::string& option, double value)
        : Optimizer("Odd", model.parameters(), {{"lr", 1}, {option, value}}) {}

   private:
    void check_options(const std::map<std::string, double>&) const override {}
    std::vector<std::string> buffer_names(const std::map<std::string, double>&) const override { return {}; }
    void update(const std::vector<Turn>&) const override {}
  };
  nn::Linear layer({1, 1});
  const auto save = [&](const std::string& option, double value) {
    const Odd odd(layer, option, value);
    return attn::save_checkpoint(layer, &odd);
  };
  for (const float value : {kInf, -kInf, kNan})
    check_error(ErrorCode::format, "save_checkpoint", {"warmth", "finite"},
                [&] { save("warmth", static_cast<double>(value)); });
  check_error(ErrorCode::format, "save_checkpoint", {"UTF-8"}, [&] { save("\xff", 1); });
  Odd other(layer, "'\n", 0);
  attn::load_checkpoint(save("'\n", -0.0), layer, &other);
  CHECK(std::signbit(other.options().at("'\n")));
}

TEST_CASE("an optimizer that has counted as far as it can goes on, and is written and read") {
  nn::Linear layer({1, 1});
  optim::Adam adam(layer.parameters()), other(layer.parameters());
  train(layer, adam, 1, 1);
  optim::OptimizerState state = adam.state_dict();
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  state.tensors[0].second = integers({most}, {});
  adam.load_state_dict(state);
  train(layer, adam, 1, 2);
  attn::load_checkpoint(attn::save_checkpoint(layer, &adam), layer, &other);
  CHECK(*other.state_dict().tensors[0].second.data<std::int32_t>() == most);
}
