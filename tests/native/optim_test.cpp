// Optimisers, clipping, schedules and early stopping: what golden data cannot show.
#include "attn/optim.hpp"

#include <cmath>
#include <memory>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::ops::Binary;
namespace optim = attn::optim;

namespace {

Tensor leaf(Tensor x) { return x.set_requires_grad(true); }
Tensor leaf(std::initializer_list<float> values) { return leaf(tensor(values, {static_cast<Index>(values.size())})); }
Tensor sum(const Tensor& x) { return attn::reduce(attn::ops::Reduction::sum, x); }
Tensor times(const Tensor& a, const Tensor& b) { return attn::binary(Binary::mul, a, b); }

using Make = std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>;

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
                           const std::function<void(optim::OptimizerState&)>& spoil) {
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
  optim::SGD sgd({x});
  x.set_grad(integers({1, 2}));
  check_error(ErrorCode::type, "SGD", {"gradient", "int32"}, [&] { sgd.step(); });
  check_values(x, {1, 2});
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

TEST_CASE("clipping scales a shared gradient once, and not under whoever holds it") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4}), z = leaf({5});
  sum(attn::binary(Binary::add, x, y)).backward();  // both gradients are ones, and one tensor
  z.set_grad(tensor({2}, {1}));
  const Tensor held = z.grad();
  const double norm = optim::clip_grad_norm({x, y, z}, std::sqrt(8.0) / 4);
  CHECK(norm == std::sqrt(8.0));
  for (const Tensor& parameter : {x, y, z})  // 1e-6 beside the norm, and the factor's and the product's roundings
    check_close(parameter.grad(),
                reference::map([](double g) { return g / 4; }, parameter.is(z) ? exact(held) : exact(attn::ones({2}))),
                0.5 * (1e-6 / norm + 2 * tolerance::rounding));
  check_values(held, {2});
  CHECK(optim::clip_grad_norm({x, y, z}, 100) == doctest::Approx(norm / 4).epsilon(1e-6));
}

TEST_CASE("a gradient that nobody else holds is clipped where it lies") {
  Tensor x = leaf({3, 4});
  x.set_grad(tensor({3, 4}, {2}));
  const float* const before = x.grad().data();
  CHECK(optim::clip_grad_norm({x}, 0) == 5);
  check_values(x.grad(), {0, 0});
  CHECK(x.grad().data() == before);
  x.set_grad(attn::transpose(tensor({1, 2, 3, 4}, {2, 2}), 0, 1).restrided({2}, {2}));  // a view with holes: 1, 3
  CHECK(optim::clip_grad_norm({x}, 1) == std::sqrt(10.0));
  CHECK(x.grad().data()[1] > x.grad().data()[0]);
  CHECK(x.grad().contiguous());
}

TEST_CASE("norms of huge and tiny gradients neither overflow nor vanish") {
  Tensor x = leaf({0, 0, 0, 0});
  for (const float size : {3e38f, 1e-38f}) {
    const auto s = static_cast<double>(size);
    x.set_grad(attn::full({4}, size));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf)) == doctest::Approx(2 * s).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), 1) == doctest::Approx(4 * s).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), 20) ==
          doctest::Approx(s * std::pow(4, 0.05)).epsilon(1e-12));
    CHECK(optim::clip_grad_norm({x}, static_cast<double>(kInf), static_cast<double>(kInf)) == s);
  }
  CHECK(optim::clip_grad_norm({leaf({1})}, 1) == 0);  // no gradient
}

TEST_CASE("norms count every element, the same for any number of threads") {
  Random random(8);
  Tensor x = leaf(random.tensor({50'001})), y = leaf(random.tensor({13}));
  for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInf)}) {
    double total = 0;
    for (const Tensor& parameter : {x, y}) {
      parameter.set_grad(random.tensor(parameter.shape()));
      for (const float g : parameter.grad().values()) {
        const double size = std::abs(static_cast<double>(g));
        total = std::isinf(p) ? std::max(total, size) : total + std::pow(size, p);
      }
    }
    const double want = std::isinf(p) ? total : std::pow(total, 1 / p);
    const double norm = optim::clip_grad_norm({x, y}, 1e9, p);
    CHECK(norm == doctest::Approx(want).epsilon(50'014 * 0x1p-53));
    for (const int n : thread_counts()) {
      const Threads threads(n);
      CHECK(optim::clip_grad_norm({x, y}, 1e9, p) == norm);
    }
  }
}

TEST_CASE("a norm that is not finite spoils the gradients as in PyTorch, or is refused") {
  Tensor x = leaf({1, 2});
  for (const float bad : {kNan, kInf})
    for (const double p : {1.0, 2.0, 3.0, static_cast<double>(kInf)}) {
      x.set_grad(tensor({1, bad}, {2}));
      check_error(ErrorCode::range, "clip_grad_norm", {"finite", std::isnan(bad) ? "nan" : "inf"},
                  [&] { optim::clip_grad_norm({x}, 1, p, true); });
      check_values(x.grad(), {1, bad});
      CHECK(!std::isfinite(optim::clip_grad_norm({x}, 1, p)));
      check_values(x.grad(), {std::isnan(bad) ? kNan : 0, kNan});
    }
  x.set_grad(attn::ones({2}));
  const auto refused = [&](std::string_view piece, double max_norm, double p, const std::vector<Tensor>& parameters) {
    check_error(ErrorCode::range, "clip_grad_norm", {piece}, [&] { optim::clip_grad_norm(parameters, max_norm, p); });
    check_values(x.grad(), {1, 1});
  };
  refused("max_norm", -1, 2, {x});
  refused("max_norm", static_cast<double>(kNan), 2, {x});
  refused("norm_type", 1, 0, {x});
  refused("once", 1, 2, {x, x});
  check_error(ErrorCode::type, "clip_grad_norm", {"int32"}, [&] { optim::clip_grad_norm({integers({1})}, 1); });
}

TEST_CASE("schedules refuse what makes no sense") {
  CHECK(optim::constant(0.5)(1000) == 0.5);
  check_error(ErrorCode::range, "constant", {"-1"}, [] { optim::constant(-1); });
  const auto refused = [](std::initializer_list<std::string_view> pieces, const optim::WarmupCosineOptions& o) {
    check_error(ErrorCode::range, "warmup_cosine", pieces, [&] { optim::warmup_cosine(o); });
  };
  refused({"lr", "-1"}, {.lr = -1, .total_steps = 5});
  refused({"min_lr", "2"}, {.lr = 1, .total_steps = 5, .min_lr = 2});
  refused({"warmup_steps", "5"}, {.lr = 1, .total_steps = 5, .warmup_steps = 5});
  refused({"warmup_steps", "-1"}, {.lr = 1, .total_steps = 5, .warmup_steps = -1});
}

TEST_CASE("early stopping waits for its patience, and knows the best step") {
  optim::EarlyStopping plain(2);
  CHECK(plain.best_step() == -1);
  const std::vector<std::pair<double, bool>> losses{
      {3, false}, {2, false}, {2, false}, {1.9, false}, {static_cast<double>(kNan), false}, {1.9, true}, {1, false}};
  Index step = 10;
  for (const auto& [loss, stop] : losses) CHECK(plain.stop(step++, loss) == stop);
  CHECK(plain.best_step() == 16);
  CHECK(plain.best_loss() == 1);

  optim::EarlyStopping strict(2, 0.5);
  CHECK(!strict.stop(0, 2));
  CHECK(!strict.stop(1, 1.5));
  CHECK(strict.stop(2, 1.6));
  CHECK(strict.best_step() == 0);
  check_error(ErrorCode::range, "EarlyStopping", {"patience", "0"}, [] { optim::EarlyStopping{0}; });
  check_error(ErrorCode::range, "EarlyStopping", {"min_delta", "-1"}, [] { optim::EarlyStopping(1, -1); });
}
