// Names, states and modes, which every layer has from Module.
#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::nn::Linear;
using attn::nn::NamedTensors;

namespace {

/// Two layers that share their weight, and a part inside a part.
class Tied : public attn::nn::Module {
 public:
  Tied()
      : inner(register_module("inner",
                              std::make_shared<attn::nn::Sequential>(std::vector<std::shared_ptr<attn::nn::Layer>>{
                                  std::make_shared<Linear>(attn::nn::LinearOptions{3, 2})}))),
        head(register_parameter("head", inner->parameters()[0])),
        none(register_parameter("none", Tensor())) {}

  std::shared_ptr<attn::nn::Sequential> inner;
  Tensor &head, &none;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a tensor under two names is one parameter and two entries of the state") {
  Tied tied;
  CHECK(names(tied.named_parameters()) == Names{"head", "inner.0.bias"});
  CHECK(names(tied.state_dict()) == Names{"head", "inner.0.weight", "inner.0.bias"});
  CHECK(tied.parameters().size() == 2);
  CHECK(tied.num_parameters() == 8);
  CHECK(!tied.none.defined());
  tied.load_state_dict(
      {{"head", attn::full({2, 3}, 2)}, {"inner.0.weight", attn::full({2, 3}, 2)}, {"inner.0.bias", attn::zeros({2})}});
  check_values(tied.inner->forward(attn::ones({3})), {6, 6});
}

TEST_CASE("a state shares its module's elements, but no gradient") {
  Linear linear({.in_features = 3, .out_features = 2});
  const NamedTensors state = linear.state_dict();
  CHECK(state[0].second.data() == linear.weight.data());
  CHECK(!state[0].second.requires_grad());
  CHECK(linear.weight.requires_grad());
  linear.load_state_dict({{"bias", attn::ones({2})}, {"weight", attn::transpose(attn::ones({3, 2}), 0, 1)}});
  check_values(state[0].second, {1, 1, 1, 1, 1, 1});
  CHECK(linear.weight.requires_grad());
}

TEST_CASE("a state that does not fit is refused whole, with every fault named") {
  const auto faults = [](const NamedTensors& state, bool strict, std::initializer_list<std::string_view> pieces) {
    Linear linear({.in_features = 3, .out_features = 2});
    const Array weight = exact(linear.weight), bias = exact(linear.bias);
    check_error(ErrorCode::format, "load_state_dict", pieces, [&] { linear.load_state_dict(state, strict); });
    check_close(linear.weight, weight, 0.0);
    check_close(linear.bias, bias, 0.0);
  };
  const Tensor weight = attn::ones({2, 3}), bias = attn::ones({2});
  faults({{"weight", weight}}, true, {"bias is missing"});
  faults({{"weight", weight}, {"bias", bias}, {"gain", bias}}, true, {"gain is unknown"});
  faults({{"weight", attn::ones({3, 2})}, {"bias", bias}}, true, {"weight must be [2,3], got [3,2]"});
  faults({{"bias", attn::ones({3})}, {"other", bias}}, true,
         {"weight is missing", "bias must be [2], got [3]", "other is unknown"});
  faults({{"weight", weight}, {"bias", integers({1, 2})}}, true, {"bias must be float32, got int32"});
  faults({{"weight", attn::ones({3, 2})}}, false, {"weight must be [2,3]"});
}

TEST_CASE("a state of some of the names is taken where that is asked for") {
  Linear linear({.in_features = 3, .out_features = 2});
  const Array weight = exact(linear.weight);
  linear.load_state_dict({{"bias", tensor({5, 6}, {2})}, {"other", attn::zeros({1})}}, false);
  check_values(linear.bias, {5, 6});
  check_close(linear.weight, weight, 0.0);
}

TEST_CASE("loading a state after the forward pass makes its backward pass impossible, not wrong") {
  Linear linear({.in_features = 3, .out_features = 2});
  Tensor x = attn::ones({3});
  x.set_requires_grad(true);
  const Tensor y = linear.forward(x);
  linear.load_state_dict(linear.state_dict());
  check_error(ErrorCode::unsupported, "backward", {"[2,3]", "written"}, [&] { y.backward(attn::ones({2})); });
}

TEST_CASE("training and evaluation reach every part") {
  Tied tied;
  CHECK(tied.training());
  CHECK(tied.inner->training());
  tied.eval();
  CHECK(!tied.training());
  CHECK(!tied.inner->training());
  tied.train();
  CHECK(tied.inner->training());
}
