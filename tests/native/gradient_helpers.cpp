#include "gradient_helpers.hpp"

#include <algorithm>
#include <cmath>

namespace test {

void check_gradients(Random& random, const std::vector<Tensor>& inputs, const Differentiable& function,
                     double roundings) {
  std::vector<Tensor> leaves = inputs;
  for (Tensor& leaf : leaves) leaf.set_requires_grad(true);
  const Tensor out = function.f(leaves);
  const Tensor gradient = random.tensor(out.shape());
  out.backward(gradient);

  std::vector<Array> exact_inputs;
  for (const Tensor& x : inputs) exact_inputs.push_back(exact(x));
  const Array weights = exact(gradient);
  check_close(out, function.exact(exact_inputs),
              1e-4);  // that the two are one function; their accuracy is tested elsewhere
  for (std::size_t which = 0; which < inputs.size(); ++which) {
    CAPTURE(which);
    Array& x = exact_inputs[which];
    Array want = reference::filled(x.shape, 0), bound = want;
    for (Index i = 0; i < x.size(); ++i) {
      // A step of 2^-17: its square times a third derivative near 1 is 6e-11, the rounding of double over it 2e-11.
      const double before = x[i], step = 0x1p-17;
      x[i] = before + step;
      const Array above = function.exact(exact_inputs);
      x[i] = before - step;
      const Array below = function.exact(exact_inputs);
      x[i] = before;
      for (Index j = 0; j < above.size(); ++j) {
        const double term = (above[j] - below[j]) / (2 * step) * weights[j];
        want[i] += term;
        bound[i] += std::abs(term);
      }
    }
    const double largest = bound.empty() ? 0 : *std::ranges::max_element(bound.data);
    for (double& b : bound.data) b = (b + largest) * roundings * tolerance::rounding + 1e-9;
    if (leaves[which].grad().defined())
      check_close(leaves[which].grad(), want, bound);
    else  // on which nothing depends
      CHECK(largest < 1e-9);
  }
  for (Tensor& leaf : leaves) {
    leaf.set_requires_grad(false);
    leaf.set_grad({});
  }
}

}  // namespace test
