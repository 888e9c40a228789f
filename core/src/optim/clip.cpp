#include "../kernels/elementwise.hpp"
#include "../simd.hpp"
#include "attn/autograd.hpp"
#include "attn/functional.hpp"
#include "attn/optim.hpp"
#include "common.hpp"

namespace attn::optim {

namespace {

/// total = combine(total, term(|x|)) over all elements. In double, and piece by piece in their order, so that neither
/// huge values nor the number of threads show.
template <class Term, class Combine>
double fold(const std::vector<Tensor>& all, Term term, Combine combine) {
  double total = 0;
  for (const Tensor& x : all) {
    const float* const values = x.data();
    const Index n = x.numel(), pieces = (n + detail::kGrain - 1) / detail::kGrain;
    std::vector<double> partial(static_cast<std::size_t>(pieces));
    parallel_for(n, detail::kGrain, [&](Index begin, Index end) {
      constexpr Index width = 8;  // chains, that an addition need not wait for the one before
      double lanes[width] = {};
      const auto take = [&](Index i, Index lane) {
        lanes[lane] = combine(lanes[lane], term(std::abs(static_cast<double>(values[i]))));
      };
      Index i = begin;
      for (; i + width <= end; i += width)
        for (Index lane = 0; lane < width; ++lane) take(i + lane, lane);
      for (; i < end; ++i) take(i, 0);
      for (Index lane = 1; lane < width; ++lane) lanes[0] = combine(lanes[0], lanes[lane]);
      partial[static_cast<std::size_t>(begin / detail::kGrain)] = lanes[0];
    });
    for (const double part : partial) total = combine(total, part);
  }
  return total;
}

double norm(const std::vector<Tensor>& all, double p) {
  const auto add = [](double a, double b) { return a + b; };
  if (p == 1)
    return fold(
        all, [](double x) { return x; }, add);
  if (p == 2)
    return std::sqrt(fold(
        all, [](double x) { return x * x; }, add));
  const double most = fold(
      all, [](double x) { return x; }, [](double a, double b) { return b > a || std::isnan(b) ? b : a; });
  if (std::isinf(p) || most == 0 || !std::isfinite(most)) return most;
  // A power of what is at most 1 cannot overflow.
  return most * std::pow(fold(
                             all, [&](double x) { return std::pow(x / most, p); }, add),
                         1 / p);
}

}  // namespace

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                      bool error_if_nonfinite) {
  constexpr const char* op = "clip_grad_norm";
  require(max_norm >= 0, op, "max_norm must be 0 or more", max_norm);
  require(norm_type > 0, op, "norm_type must be more than 0", norm_type);
  check_parameters(op, parameters);
  const NoGrad quiet;
  std::vector<Tensor> gradients;
  for (const Tensor& x : parameters)
    if (x.grad().defined()) gradients.push_back(contiguous(x.grad()));
  const double total = norm(gradients, norm_type);
  if (error_if_nonfinite) require(std::isfinite(total), op, "the norm of the gradients must be finite", total);
  const double factor = max_norm / (total + 1e-6);
  if (factor >= 1) return total;

  // In place where nobody else holds it: a + b gives both sides the same gradient, which must not be scaled twice.
  gradients.clear();
  std::vector<Index> sizes;
  for (const Tensor& x : parameters) {
    Tensor own = x.grad();
    if (!own.defined()) continue;
    x.set_grad({});
    const bool alone = own.shares_nothing() && own.contiguous();
    x.set_grad(own);
    if (!alone) {
      const Tensor copy = Tensor::empty(own.shape());
      ops::copy<float>(own.view(), copy.out());
      own = copy;
    }
    gradients.push_back(own);
    sizes.push_back(own.numel());
  }
  for_each_run(sizes, [&](std::size_t i, Index from, Index n) {
    float* const run = gradients[i].data() + from;
    simd::dispatch([&]<class Arch>(Arch) { kernels::scale<Arch>(n, run, static_cast<float>(factor), run); });
  });
  auto next = gradients.begin();
  for (const Tensor& x : parameters)
    if (x.grad().defined()) x.set_grad(*next++);
  return total;
}

}  // namespace attn::optim
