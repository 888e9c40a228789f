// Losses against their formulas in double, gradients by central differences.
#include <cmath>

#include "attn/losses.hpp"
#include "gradient_helpers.hpp"

using namespace test;
using attn::LossReduction;

namespace {

using Tensors = std::vector<Tensor>;
using Arrays = std::vector<Array>;

/// -Σ target·weight·log softmax of rows [R,C], by class, with smoothing; reduced as torch does.
Array cross_entropy(const Array& x, const std::vector<Index>& classes, const std::vector<double>& weights, Index ignore,
                    double smoothing, LossReduction reduction) {
  const Index n = x.shape.back(), rows = x.size() / n;
  const Array log_p = reference::log_softmax(x);
  Array losses = reference::filled({rows}, 0);
  double total = 0, sum = 0;
  for (Index r = 0; r < rows; ++r) {
    const Index y = classes[static_cast<std::size_t>(r)];
    if (y == ignore) continue;
    const auto weight = [&](Index c) { return weights.empty() ? 1 : weights[static_cast<std::size_t>(c)]; };
    total += weight(y);
    for (Index c = 0; c < n; ++c)
      losses[r] -= ((c == y ? 1 - smoothing : 0) + smoothing / static_cast<double>(n)) * weight(c) * log_p[r * n + c];
    sum += losses[r];
  }
  if (reduction == LossReduction::none) return losses;
  return {{}, {reduction == LossReduction::sum ? sum : sum / total}};
}

}  // namespace

TEST_CASE("cross-entropy with every option, and its gradient") {
  Random random(1);
  const Tensor target = integers({3, 0, 2, 3, 1});
  const std::vector<Index> classes{3, 0, 2, 3, 1};
  const Tensor weight = random.tensor({4}, 0.2f, 2);
  std::vector<double> weights;
  for (const float w : weight.values()) weights.push_back(static_cast<double>(w));
  for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum, LossReduction::none})
    for (const double smoothing : {0.0, 0.1})
      for (const bool weighted : {false, true})
        for (const Index ignore : {-100, 3}) {
          CAPTURE(static_cast<int>(reduction));
          CAPTURE(smoothing);
          CAPTURE(weighted);
          CAPTURE(ignore);
          const attn::CrossEntropyOptions o{weighted ? weight : Tensor(), ignore, smoothing, reduction};
          check_gradients(random, {random.tensor({5, 4}, -3, 3)},
                          {[&](const Tensors& in) { return attn::cross_entropy(in[0], target, o); },
                           [&](const Arrays& in) {
                             return cross_entropy(in[0], classes, weighted ? weights : std::vector<double>{}, ignore,
                                                  smoothing, reduction);
                           }},
                          60);
        }
}

TEST_CASE("cross-entropy against probabilities, and the gradients of both") {
  Random random(4);
  const Tensor weight = random.tensor({4}, 0.2f, 2);
  const Array by = exact(weight);
  for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum, LossReduction::none})
    for (const double smoothing : {0.0, 0.2})
      for (const bool weighted : {false, true}) {
        CAPTURE(static_cast<int>(reduction));
        CAPTURE(smoothing);
        CAPTURE(weighted);
        check_gradients(
            random, {random.tensor({3, 4}, -3, 3), random.tensor({3, 4}, 0, 1)},
            {[&](const Tensors& in) {
               return attn::cross_entropy(
                   in[0], in[1],
                   {.weight = weighted ? weight : Tensor(), .label_smoothing = smoothing, .reduction = reduction});
             },
             [&](const Arrays& in) {
               const Array log_p = reference::log_softmax(in[0]);
               Array losses = reference::filled({3}, 0);
               double sum = 0;
               for (Index i = 0; i < 12; ++i) {
                 const double goal = (1 - smoothing) * in[1][i] + smoothing / 4, term = goal * log_p[i];
                 losses[i / 4] -= term * (weighted ? by[i % 4] : 1);
               }
               for (const double v : losses.data) sum += v;
               if (reduction == LossReduction::none) return losses;
               return Array{{}, {reduction == LossReduction::sum ? sum : sum / 3}};
             }},
            60);
      }
}

TEST_CASE("binary cross-entropy with logits, its weights and its gradient, far from 0 too") {
  Random random(2);
  const Tensor target = random.tensor({3, 5}, 0, 1), positive = random.tensor({5}, 0.5f, 3),
               weight = random.tensor({3, 1}, 0.5f, 2);
  const Array p = exact(positive), w = exact(weight);
  for (const bool weighted : {false, true}) {
    CAPTURE(weighted);
    attn::BinaryCrossEntropyOptions o{.reduction = LossReduction::none};
    if (weighted) o.weight = weight, o.pos_weight = positive;
    check_gradients(random, {random.tensor({3, 5}, -4, 4), target},
                    {[&](const Tensors& in) { return attn::binary_cross_entropy_with_logits(in[0], in[1], o); },
                     [&](const Arrays& in) {
                       Array out = in[0];
                       const Array& t = in[1];
                       for (Index i = 0; i < 15; ++i) {
                         const double x = in[0][i], factor = weighted ? p[i % 5] : 1, by = weighted ? w[i / 5] : 1;
                         out[i] =
                             by * (factor * t[i] * std::log1p(std::exp(-x)) + (1 - t[i]) * std::log1p(std::exp(x)));
                       }
                       return out;
                     }},
                    60);
  }
  const Tensor far = attn::binary_cross_entropy_with_logits(tensor({1000, -1000}, {2}), tensor({0, 0}, {2}),
                                                            {.reduction = LossReduction::none});
  check_values(far, {1000, 0});
}

TEST_CASE("mean squared error, reduced in each way") {
  Random random(3);
  for (const LossReduction reduction : {LossReduction::mean, LossReduction::sum, LossReduction::none})
    check_gradients(random, {random.tensor({2, 3}), random.tensor({2, 3})},
                    {[&](const Tensors& in) { return attn::mse_loss(in[0], in[1], reduction); },
                     [&](const Arrays& in) {
                       const Array squares =
                           reference::combine([](double a, double b) { return (a - b) * (a - b); }, in[0], in[1]);
                       if (reduction == LossReduction::none) return squares;
                       double sum = 0;
                       for (const double v : squares.data) sum += v;
                       return Array{{}, {reduction == LossReduction::sum ? sum : sum / 6}};
                     }},
                    8);
}

TEST_CASE("losses refuse what does not fit") {
  const Tensor x = attn::zeros({2, 3});
  check_error(attn::ErrorCode::range, "cross_entropy", {"3"}, [&] { attn::cross_entropy(x, integers({0, 3})); });
  check_error(attn::ErrorCode::shape, "cross_entropy", {"[2]", "[3]"}, [&] {
    attn::cross_entropy(x, integers({0, 1, 2}));
  });
  check_error(attn::ErrorCode::range, "cross_entropy", {"label_smoothing"}, [&] {
    attn::cross_entropy(x, integers({0, 1}), {.label_smoothing = 2});
  });
  check_error(attn::ErrorCode::shape, "mse_loss", {"[2,3]", "[3]"}, [&] { attn::mse_loss(x, attn::zeros({3})); });
  check_error(attn::ErrorCode::shape, "binary_cross_entropy_with_logits", {"[2,3]", "[2]"},
              [&] { attn::binary_cross_entropy_with_logits(x, attn::zeros({2})); });
}
