// Optimisers: what golden data cannot show.
#include "attn/optim.hpp"

#include <cmath>
#include <memory>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Binary;
namespace optim = attn::optim;

namespace {

using Make = Function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>;

template <class O, class Options>
Make maker(Options options) {
  return [=](const std::vector<Tensor>& parameters) { return std::make_unique<O>(parameters, options); };
}

/// One of each way through the kernels.
const std::vector<Make> makers{
    maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .weight_decay = 0.1}),
    maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3}),
    maker<optim::SGD>(optim::SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}),
    maker<optim::Adam>(optim::AdamOptions{.lr = 0.1, .weight_decay = 0.1}),
    maker<optim::AdamW>(optim::AdamWOptions{.lr = 0.1, .weight_decay = 0.1, .amsgrad = true}),
};

/// Parameters of these sizes after `steps` steps with seeded gradients.
std::vector<Tensor> train(const Make& make, const std::vector<Index>& sizes, int steps = 3) {
  Random random(5);
  std::vector<Tensor> parameters;
  for (const Index n : sizes) parameters.push_back(leaf(random.tensor({n})));
  const auto optimizer = make(parameters);
  for (int t = 0; t < steps; ++t) {
    for (const Tensor& x : parameters) x.set_grad(random.tensor(x.shape()));
    optimizer->step();
  }
  return parameters;
}

}  // namespace

TEST_CASE("an element's step does not depend on where it stands: lane tails, pieces and threads give the same bits") {
  constexpr Index large = 40'000;  // some pieces
  Random random(6);
  const Tensor values = random.tensor({large}), first = random.tensor({large}), second = random.tensor({large});
  const auto run = [&](const Make& make, const std::vector<Index>& sizes) {
    std::vector<Tensor> parameters;
    const auto cut = [&](const Tensor& x, Index from, Index n) {
      return Tensor::from(std::span<const float>(x.data() + from, static_cast<std::size_t>(n)), {n});
    };
    Index at = 0;
    for (const Index n : sizes) parameters.push_back(leaf(cut(values, at, n))), at += n;
    const auto optimizer = make(parameters);
    for (const Tensor& gradients : {first, second}) {
      at = 0;
      for (const Tensor& x : parameters) x.set_grad(cut(gradients, at, x.numel())), at += x.numel();
      optimizer->step();
    }
    const attn::NoGrad quiet;
    return attn::cat(parameters, 0);
  };
  std::vector<Index> sizes = sizes_around_lanes();
  sizes.insert(sizes.begin(), 33'001);
  Index left = large;
  for (const Index n : sizes) left -= n;
  sizes.push_back(left);
  for (const Make& make : makers) {
    const Tensor whole = run(make, {large});
    CHECK(std::abs(whole.data()[0] - values.data()[0]) > 1e-3f);
    for (const int n : thread_counts()) {
      const Threads threads(n);
      check_same_bits(whole, run(make, {large}));
      check_same_bits(whole, run(make, sizes));
    }
  }
}

TEST_CASE("training on from a state dict gives the same bits as training on") {
  for (const Make& make : makers) {
    const std::vector<Tensor> straight = train(make, {5, 1, 18}, 5);
    Random random(5);
    std::vector<Tensor> parameters;
    for (const Tensor& x : straight) parameters.push_back(leaf(random.tensor(x.shape())));
    auto optimizer = make(parameters);
    for (int t = 0; t < 5; ++t) {
      if (t == 2) {
        const optim::OptimizerState state = optimizer->state_dict();
        std::vector<Tensor> copies;
        for (const Tensor& x : parameters)
          copies.push_back(leaf(attn::Tensor::from(std::span<const float>(x.values()), x.shape())));
        auto other = make(copies);
        other->set_lr(7);
        other->load_state_dict(state);
        CHECK(other->lr() == 0.1);
        // The one that gave the state away goes its own way.
        for (const Tensor& x : parameters) x.set_grad(attn::ones(x.shape()));
        optimizer->step();
        parameters = copies;
        optimizer = std::move(other);
      }
      for (const Tensor& x : parameters) x.set_grad(random.tensor(x.shape()));
      optimizer->step();
    }
    for (std::size_t i = 0; i < straight.size(); ++i) check_same_bits(straight[i], parameters[i]);
  }
}

TEST_CASE("a state that does not fit is refused with its faults and changes nothing") {
  Tensor x = leaf({1, 2}), y = leaf({3});
  optim::Adam adam({x, y}), other({x, y});
  x.set_grad(attn::ones({2}));
  adam.step();
  const optim::OptimizerState good = adam.state_dict();
  CHECK(good.tensors.size() == 3);  // y has had no gradient
  const auto refused = [&](std::initializer_list<std::string_view> pieces,
                           const Function<void(optim::OptimizerState&)>& spoil) {
    optim::OptimizerState bad = good;
    spoil(bad);
    check_error(ErrorCode::format, "load_state_dict", pieces, [&] { other.load_state_dict(bad); });
    CHECK(other.state_dict().tensors.empty());
    CHECK(other.lr() == 1e-3);
  };
  refused({"Adam", "AdamW"}, [](auto& s) { s.name = "AdamW"; });
  refused({"beta1", "expected"}, [](auto& s) { s.options.erase("beta1"); });
  refused({"state.0.exp_avg is missing"}, [](auto& s) { s.tensors.erase(s.tensors.begin() + 1); });
  refused({"state.0.step is missing"}, [](auto& s) { s.tensors.erase(s.tensors.begin()); });
  refused({"state.2.step is unknown"}, [](auto& s) { s.tensors.emplace_back("state.2.step", s.tensors[0].second); });
  refused({"comes twice"}, [](auto& s) { s.tensors.push_back(s.tensors[0]); });
  refused({"state.0.exp_avg", "[2]", "[3]"}, [](auto& s) { s.tensors[1].second = attn::ones({3}); });
  refused({"state.0.exp_avg", "float32", "int32"}, [](auto& s) { s.tensors[1].second = integers({1, 2}); });
  refused({"state.0.exp_avg", "none"}, [](auto& s) { s.tensors[1].second = Tensor(); });
  refused({"state.0.step", "at least 1", "0"},
          [](auto& s) { s.tensors[0].second = attn::zeros({}, attn::DType::int32); });
  refused({"state.0.max_exp_avg_sq is missing"}, [](auto& s) { s.options["amsgrad"] = 1; });
  optim::OptimizerState bad = good;
  bad.options["beta2"] = 1;
  check_error(ErrorCode::range, "Adam", {"beta2"}, [&] { other.load_state_dict(bad); });
  CHECK(other.state_dict().tensors.empty());
  other.load_state_dict(good);
  CHECK(other.state_dict().tensors.size() == 3);
}

TEST_CASE("parameters without a gradient are passed over, a NaN is not") {
  Tensor x = leaf({1, 2}), y = leaf({3});
  for (const Make& make : makers) {
    const auto optimizer = make({x, y});
    const std::uint32_t before = y.version(), of_x = x.version();
    x.set_grad(tensor({kNan, 1}, {2}));
    optimizer->step();
    check_values(y, {3});
    CHECK(y.version() == before);
    CHECK(x.version() == of_x + 1);
    CHECK(std::isnan(x.data()[0]));
    CHECK(std::isfinite(x.data()[1]));
    optimizer->zero_grad();
    CHECK(!x.grad().defined());
    x = leaf({1, 2});
  }
}

TEST_CASE("a step makes what backward passes kept stale") {
  Tensor x = leaf({2, 3});
  optim::SGD sgd({x}, {.lr = 1});
  const Tensor loss = sum(times(x, x));
  loss.backward({}, true);
  sgd.step();
  check_values(x, {-2, -3});
  check_error(ErrorCode::unsupported, "backward", {"written"}, [&] { loss.backward(); });
}

TEST_CASE("a gradient that two parameters share, or that is a view, moves each") {
  Tensor x = leaf(attn::ones({2, 2})), y = leaf(attn::ones({2, 2}));
  optim::SGD sgd({x, y}, {.lr = 1});
  const Tensor gradient = tensor({1, 2, 3, 4}, {2, 2});
  x.set_grad(attn::transpose(gradient, 0, 1));
  y.set_grad(gradient);
  sgd.step();
  check_values(x, {0, -2, -1, -3});
  check_values(y, {0, -1, -2, -3});
  check_values(gradient, {1, 2, 3, 4});
}

TEST_CASE("what is no parameter is refused") {
  Tensor x = leaf({1, 2});
  const auto refused = [&](ErrorCode code, std::initializer_list<std::string_view> pieces,
                           const std::vector<Tensor>& parameters) {
    check_error(code, "SGD", pieces, [&] { optim::SGD sgd(parameters); });
  };
  refused(ErrorCode::range, {"at least 1 parameter"}, {});
  refused(ErrorCode::range, {"parameter 1", "once"}, {x, x});
  refused(ErrorCode::range, {"parameter 1", "once"}, {x, x.detach()});
  refused(ErrorCode::type, {"parameter 1", "float32", "int32"}, {x, integers({1})});
  refused(ErrorCode::type, {"parameter 0", "none"}, {Tensor()});
  refused(ErrorCode::unsupported, {"leaf", "[2]"}, {times(x, x)});
  refused(ErrorCode::unsupported, {"contiguous", "[2,3]"}, {attn::transpose(attn::ones({3, 2}), 0, 1)});
}

TEST_CASE("options out of their range are refused, at first and later") {
  Tensor x = leaf({1});
  const auto nan = static_cast<double>(kNan), inf = static_cast<double>(kInf);
  const auto sgd = [&](std::initializer_list<std::string_view> pieces, const optim::SGDOptions& o) {
    check_error(ErrorCode::range, "SGD", pieces, [&] { optim::SGD{{x}, o}; });
  };
  sgd({"lr", "-1"}, {.lr = -1});
  sgd({"lr", "inf"}, {.lr = inf});
  sgd({"momentum", "-0.5"}, {.momentum = -0.5});
  sgd({"weight_decay", "nan"}, {.weight_decay = nan});
  sgd({"dampening", "nan"}, {.momentum = 0.5, .dampening = nan});
  sgd({"nesterov", "momentum"}, {.nesterov = true});
  sgd({"nesterov", "dampening"}, {.momentum = 0.5, .dampening = 0.1, .nesterov = true});
  const auto adam = [&](std::initializer_list<std::string_view> pieces, const optim::AdamOptions& o) {
    check_error(ErrorCode::range, "Adam", pieces, [&] { optim::Adam{{x}, o}; });
  };
  adam({"lr", "-1"}, {.lr = -1});
  adam({"eps", "-1"}, {.eps = -1});
  adam({"weight_decay", "-1"}, {.weight_decay = -1});
  adam({"beta1", "1"}, {.betas = {1, 0.9}});
  adam({"beta2", "-0.1"}, {.betas = {0.9, -0.1}});
  check_error(ErrorCode::range, "AdamW", {"beta2", "nan"}, [&] { optim::AdamW{{x}, {.betas = {0.9, nan}}}; });
  optim::SGD good({x}, {.lr = 0.5});
  check_error(ErrorCode::range, "SGD", {"lr", "-2"}, [&] { good.set_lr(-2); });
  CHECK(good.lr() == 0.5);
  good.set_lr(0.25);
  x.set_grad(attn::ones({1}));
  good.step();
  check_values(x, {0.75});
}
