// The cell against its formula, and what the layer makes of its options; tests/golden compares the layer with PyTorch.
#include <algorithm>
#include <cmath>
#include <map>

#include "gradient_helpers.hpp"
#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::nn::GRU;
using attn::nn::GRUOptions;

namespace {

using Tensors = std::vector<Tensor>;
using Arrays = std::vector<Array>;

/// gru_cell in double: gates [B,3H] in the order r, z, n.
Array cell(const Arrays& in) {
  const Array &x = in[0], &g = in[1], &h = in[2];
  const Index n = h.shape[1];
  Array out = h;
  for (Index b = 0; b < h.shape[0]; ++b)
    for (Index i = 0; i < n; ++i) {
      const auto at = [&](const Array& gates, Index part) { return gates[b * 3 * n + part * n + i]; };
      const double r = reference::sigmoid(at(x, 0) + at(g, 0)), z = reference::sigmoid(at(x, 1) + at(g, 1));
      const double fresh = std::tanh(at(x, 2) + r * at(g, 2));
      out[b * n + i] = (1 - z) * fresh + z * h[b * n + i];
    }
  return out;
}

Tensor run_cell(const Tensors& in) { return attn::gru_cell(in[0], in[1], in[2]); }

Tensors cell_inputs(Random& random, Index batch, Index hidden) {
  return {random.tensor({batch, 3 * hidden}, -2, 2), random.tensor({batch, 3 * hidden}, -2, 2),
          random.tensor({batch, hidden})};
}

}  // namespace

TEST_CASE("gru_cell gives what its formula says, at sizes around the lanes") {
  Random random(1);
  for (const Index hidden : sizes_around_lanes()) {
    CAPTURE(hidden);
    const Tensors in = cell_inputs(random, 3, hidden);
    Arrays exact_in;
    for (const Tensor& x : in) exact_in.push_back(exact(x));
    // In roundings, with gates within ±2 and states within ±1: r and z are off by 1 of their argument's sum (4, times a
    // slope of at most 1/4) and 5 of the sigmoid; n's argument by 2 · 6 of r, 2 of the product and 4 of the sum, n by 4
    // more for tanh: 22. h - n adds 2, z times that 2 · 6 and 2, the last sum 3.
    check_close(run_cell(in), cell(exact_in), (22 + 2 + 14 + 3) * tolerance::rounding);
  }
}

TEST_CASE("gradients of gru_cell, of inputs of any layout") {
  Random random(2);
  for (const Index hidden : {1, 4, 7, 17}) {
    CAPTURE(hidden);
    check_gradients(random, cell_inputs(random, 2, hidden), {run_cell, cell}, 60);
  }
  const auto turned = [](Tensors in) {
    for (Tensor& x : in) x = attn::transpose(x, 0, 1);
    return in;
  };
  const Tensors in = cell_inputs(random, 3, 5);
  Tensors across;
  for (const Tensor& x : in) across.push_back(attn::contiguous(attn::transpose(x, 0, 1)));
  check_gradients(random, across,
                  {[&](const Tensors& x) { return run_cell(turned(x)); },
                   [](Arrays x) {
                     for (Array& array : x) array = reference::transpose(array);
                     return cell(x);
                   }},
                  60);
}

TEST_CASE("gru_cell and its gradients are the same bits for any number of threads, and finite far from 0") {
  Random random(3);
  Tensors in = cell_inputs(random, 300, 101), first;
  for (Tensor& x : in) x.set_requires_grad(true);
  for (const int n : thread_counts()) {
    const Threads threads(n);
    const Tensor out = run_cell(in);
    out.backward(attn::ones(out.shape()));
    const Tensors now{out, in[0].grad(), in[1].grad(), in[2].grad()};
    if (first.empty()) first = now;
    for (std::size_t i = 0; i < now.size(); ++i) check_same_bits(now[i], first[i]);
    for (Tensor& x : in) x.set_grad({});
  }
  // z is 1: the state stays; z is 0 and n is 1: the state is new.
  check_values(attn::gru_cell(tensor({0, 1000, 0}, {1, 3}), attn::zeros({1, 3}), tensor({0.5f}, {1, 1})), {0.5f});
  check_values(attn::gru_cell(tensor({0, -1000, 1000}, {1, 3}), attn::zeros({1, 3}), tensor({0.5f}, {1, 1})), {1});
}

TEST_CASE("gru_cell refuses what does not fit") {
  const Tensor gates = attn::zeros({2, 9}), h = attn::zeros({2, 3});
  check_error(ErrorCode::shape, "gru_cell", {"[2,9]", "[2,8]"}, [&] { attn::gru_cell(attn::zeros({2, 8}), gates, h); });
  check_error(ErrorCode::shape, "gru_cell", {"[2,9]", "[1,9]"}, [&] { attn::gru_cell(gates, attn::zeros({1, 9}), h); });
  check_error(ErrorCode::shape, "gru_cell", {"[B,H]", "[3]"}, [&] { attn::gru_cell(gates, gates, attn::zeros({3})); });
  check_error(ErrorCode::type, "gru_cell", {"none"}, [&] { attn::gru_cell(gates, {}, h); });
}

TEST_CASE("GRU's parameters are PyTorch's, uniform within 1/√H") {
  attn::manual_seed(4);
  const GRU gru({.input_size = 3, .hidden_size = 25, .num_layers = 2, .bidirectional = true});
  CHECK(names(gru.state_dict()) ==
        std::vector<std::string>{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                                 "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1",
                                 "weight_hh_l1", "bias_ih_l1", "bias_hh_l1", "weight_ih_l1_reverse",
                                 "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"});
  for (const auto& [name, x] : gru.named_parameters()) {
    CAPTURE(name);
    check_all(
        x, [](float v) { return std::abs(v) <= 0.2f; }, "within 1/√25");
    const auto [low, high] = std::ranges::minmax(x.values());
    // Of 75 uniform numbers or more, all miss an eighth of the range at one end with a chance below (7/8)^75 = 4e-5.
    CHECK(low < -0.15f);
    CHECK(high > 0.15f);
    CHECK(x.requires_grad());
  }
  CHECK(gru.num_parameters() == 2 * (75 * 3 + 75 * 25 + 150) + 2 * (75 * 50 + 75 * 25 + 150));
  const GRU bare({.input_size = 3, .hidden_size = 2, .bias = false});
  CHECK(names(bare.state_dict()) == std::vector<std::string>{"weight_ih_l0", "weight_hh_l0"});
}

TEST_CASE("GRU lays its results out as its input") {
  for (const bool batch_first : {false, true})
    for (const bool bidirectional : {false, true})
      for (const Index layers : {1, 3}) {
        const GRU gru({.input_size = 4,
                       .hidden_size = 3,
                       .num_layers = layers,
                       .batch_first = batch_first,
                       .bidirectional = bidirectional});
        const Index ways = bidirectional ? 2 : 1;
        const auto [output, hn] = gru.forward(attn::ones(batch_first ? Shape{2, 5, 4} : Shape{5, 2, 4}));
        CHECK(output.shape() == (batch_first ? Shape{2, 5, 3 * ways} : Shape{5, 2, 3 * ways}));
        CHECK(hn.shape() == Shape{layers * ways, 2, 3});
        const auto alone = gru.forward(attn::ones({5, 4}), attn::zeros({layers * ways, 3}));
        CHECK(alone.output.shape() == Shape{5, 3 * ways});
        CHECK(alone.hn.shape() == Shape{layers * ways, 3});
      }
  const GRU gru({.input_size = 2, .hidden_size = 3});
  CHECK(gru.forward(attn::ones({4, 0, 2})).output.shape() == Shape{4, 0, 3});
}

TEST_CASE("GRU drops between its layers, while it is trained") {
  Random random(5);
  GRU gru({.input_size = 3, .hidden_size = 4, .num_layers = 2, .dropout = 1});
  GRU single({.input_size = 3, .hidden_size = 4, .dropout = 1});
  const Tensor a = random.tensor({5, 2, 3}), b = random.tensor({5, 2, 3});
  const auto same = [](const GRU& of, const Tensor& x, const Tensor& y) {
    const auto p = of.forward(x).output, q = of.forward(y).output;
    return std::ranges::equal(p.values(), q.values());
  };
  CHECK(same(gru, a, b));  // of which nothing reaches the second layer
  CHECK(!same(single, a, b));
  gru.eval();
  CHECK(!same(gru, a, b));
  CHECK(same(gru, a, a));
  GRU half({.input_size = 3, .hidden_size = 4, .num_layers = 2, .dropout = 0.5});
  CHECK(!same(half, a, a));
  half.eval();
  CHECK(same(half, a, a));
}

TEST_CASE("a probe sees every layer's and direction's outputs, and what it returns goes on") {
  Random random(6);
  const GRU gru({.input_size = 3, .hidden_size = 4, .num_layers = 2, .bidirectional = true});
  const Tensor x = random.tensor({5, 2, 3});
  std::map<std::string, Tensor> seen;
  const auto plain = gru.forward(x);
  const auto looked = gru.forward(x, {}, attn::Probe([&](const std::string& name, const Tensor& y) {
                                    seen[name] = y;
                                    return Tensor();
                                  }));
  check_same_bits(looked.output, plain.output);
  CHECK(seen.size() == 4);
  for (const char* name : {"output_l0", "output_l0_reverse", "output_l1", "output_l1_reverse"})
    CHECK(seen[name].shape() == Shape{5, 2, 4});
  check_same_bits(attn::cat({seen["output_l1"], seen["output_l1_reverse"]}, 2), plain.output);
  const auto changed = gru.forward(x, {}, attn::Probe([&](const std::string& name, const Tensor& y) {
                                     return name == "output_l0_reverse" ? attn::zeros(y.shape()) : Tensor();
                                   }));
  check_all(
      attn::slice(changed.hn, 0, 1, 2), [](float v) { return v == 0; }, "0");
  check_same_bits(attn::slice(changed.hn, 0, 0, 1), attn::slice(plain.hn, 0, 0, 1));
  CHECK(!std::ranges::equal(changed.output.values(), plain.output.values()));
}

TEST_CASE("GRU refuses what does not fit") {
  const GRU gru({.input_size = 3, .hidden_size = 4, .num_layers = 2});
  const GRU first({.input_size = 3, .hidden_size = 4, .batch_first = true});
  check_error(ErrorCode::shape, "GRU", {"[T,B,3]", "[5,2,4]"}, [&] { gru.forward(attn::zeros({5, 2, 4})); });
  check_error(ErrorCode::shape, "GRU", {"[B,T,3]", "[3]"}, [&] { first.forward(attn::zeros({3})); });
  check_error(ErrorCode::shape, "GRU", {"1 step", "[0,2,3]"}, [&] { gru.forward(attn::zeros({0, 2, 3})); });
  check_error(ErrorCode::shape, "GRU", {"1 step", "[2,0,3]"}, [&] { first.forward(attn::zeros({2, 0, 3})); });
  check_error(ErrorCode::shape, "GRU", {"[2,2,4]", "[1,2,4]"}, [&] {
    gru.forward(attn::zeros({5, 2, 3}), attn::zeros({1, 2, 4}));
  });
  check_error(ErrorCode::shape, "GRU", {"[1,2,4]", "[1,5,4]"}, [&] {
    first.forward(attn::zeros({2, 5, 3}), attn::zeros({1, 5, 4}));
  });
  check_error(ErrorCode::shape, "GRU", {"[2,4]", "[2,1,4]"}, [&] {
    gru.forward(attn::zeros({5, 3}), attn::zeros({2, 1, 4}));
  });
  check_error(ErrorCode::range, "GRU", {"hidden_size", "0"}, [] { GRU({.input_size = 1, .hidden_size = 0}); });
  check_error(ErrorCode::range, "GRU", {"input_size", "-1"}, [] { GRU({.input_size = -1, .hidden_size = 1}); });
  check_error(ErrorCode::range, "GRU", {"num_layers", "0"},
              [] { GRU({.input_size = 1, .hidden_size = 1, .num_layers = 0}); });
  check_error(ErrorCode::range, "GRU", {"dropout", "1.5"},
              [] { GRU({.input_size = 1, .hidden_size = 1, .dropout = 1.5}); });
}
