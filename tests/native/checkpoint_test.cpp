// A model and its optimiser in one file, and back.
#include "attn/checkpoint.hpp"

#include "helpers.hpp"

using namespace test;
using attn::Checkpoint;
using attn::ErrorCode;
using attn::Metadata;
namespace nn = attn::nn;
namespace optim = attn::optim;

namespace {

/// A step of training on what a seed gives.
void train(nn::Linear& model, optim::Optimizer& optimizer, std::uint64_t seed) {
  Random random(seed);
  optimizer.zero_grad();
  attn::mse_loss(model.forward(random.tensor({4, 3})), random.tensor({4, 2})).backward();
  optimizer.step();
}

}  // namespace

TEST_CASE("training goes on from a checkpoint with the same bits") {
  nn::Linear model({3, 2}), other({3, 2});
  optim::AdamW adam(model.parameters(), {.lr = 0.1, .betas = {0.8, 0.9}}), resumed(other.parameters());
  for (std::uint64_t t = 0; t < 3; ++t) train(model, adam, t);
  const Metadata metadata{{"config", R"({"in_features":3})"}};
  const Checkpoint saved = attn::load_safetensors(attn::save_checkpoint(model, &adam, metadata));
  CHECK(saved.metadata.at("config") == metadata.at("config"));
  attn::load_checkpoint(saved, other, &resumed);
  CHECK(resumed.options() == adam.options());
  for (std::uint64_t t = 3; t < 6; ++t) {
    train(model, adam, t);
    train(other, resumed, t);
  }
  check_same_bits(model.weight, other.weight);
  check_same_bits(model.bias, other.bias);

  nn::Linear alone({3, 2});
  attn::load_checkpoint(saved, alone);  // for use, not for training
  attn::load_checkpoint(attn::load_safetensors(attn::save_checkpoint(model)), alone);
  check_same_bits(model.weight, alone.weight);
}

TEST_CASE("a checkpoint that does not fit changes neither the model nor its optimizer") {
  nn::Linear model({3, 2}), other({3, 2}), wide({4, 2});
  optim::Adam adam(model.parameters()), own(other.parameters(), {.lr = 0.5}), of_wide(wide.parameters(), {.lr = 0.5});
  train(model, adam, 1);
  train(other, own, 2);
  const Checkpoint good = attn::load_safetensors(attn::save_checkpoint(model, &adam));
  const Tensor before = attn::reshape(other.weight.detach(), {6});
  const Tensor kept = Tensor::from(std::span<const float>(before.values()), {6});
  const auto no = [&](std::string_view op, std::initializer_list<std::string_view> pieces, const Checkpoint& bad) {
    check_error(ErrorCode::format, op, pieces, [&] { attn::load_checkpoint(bad, other, &own); });
    check_same_bits(before, kept);
    CHECK(own.lr() == 0.5);
  };
  const auto with = [&](const Function<void(Checkpoint&)>& spoil) {
    Checkpoint bad = good;
    spoil(bad);
    return bad;
  };
  const auto optimizer = [&](const char* text) { return with([&](auto& c) { c.metadata["optimizer"] = text; }); };
  no("load_checkpoint", {"no optimizer"}, with([](auto& c) { c.metadata.clear(); }));
  no("load_checkpoint", {"not JSON"}, optimizer("{"));
  no("load_checkpoint", {"object", "[]"}, optimizer("[]"));
  no("load_checkpoint", {"nested"}, optimizer("[[[[[[["));
  no("load_checkpoint", {"name and options"}, optimizer("{}"));
  no("load_checkpoint", {"name and options"}, optimizer(R"({"name":1,"options":{}})"));
  no("load_checkpoint", {"lr", "number"}, optimizer(R"({"name":"Adam","options":{"lr":"1"}})"));
  no("load_state_dict", {"Adam", "SGD"}, optimizer(R"({"name":"SGD","options":{}})"));
  no("load_state_dict", {"state.0.step", "missing"}, with([](auto& c) {
       std::erase_if(c.tensors, [](const auto& entry) { return entry.first == "optimizer.state.0.step"; });
     }));
  const auto exp_avg = [&] { return own.state_dict().tensors.at(1).second; };
  const Tensor moments = Tensor::from(std::span<const float>(exp_avg().values()), exp_avg().shape());
  no("load_state_dict", {"weight", "missing"}, with([](auto& c) { c.tensors.erase(c.tensors.begin()); }));
  check_same_bits(exp_avg(), moments);
  attn::load_checkpoint(good, other, &own);
  CHECK(own.lr() == 1e-3);
  check_same_bits(exp_avg(), adam.state_dict().tensors.at(1).second);
}

TEST_CASE("names that a checkpoint keeps for itself are refused") {
  class Odd : public nn::Module {
   public:
    Odd() { register_module("optimizer", std::make_shared<nn::Linear>(nn::LinearOptions{1, 1})); }
  };
  check_error(ErrorCode::format, "save_checkpoint", {"optimizer.weight"}, [] { attn::save_checkpoint(Odd()); });
  check_error(ErrorCode::format, "save_checkpoint", {"key optimizer"}, [] {
    attn::save_checkpoint(nn::Linear({1, 1}), nullptr, {{"optimizer", ""}});
  });
}
