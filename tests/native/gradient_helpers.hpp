#pragma once
// Gradients by backward() against central differences of the reference, both written down nowhere: what is compared is
// the derivative itself.

#include "helpers.hpp"

namespace test {

/// A function of tensors that is written twice: by the core's operators, and in double precision.
struct Differentiable {
  Function<Tensor(const std::vector<Tensor>&)> f;
  Function<Array(const std::vector<Array>&)> exact;
};

/// Checks the gradients of sum(f(inputs) · a random tensor) with respect to every input. `roundings` counts what an
/// output's term passes on its way forward and back: with J the exact Jacobian, found by central differences, and g the
/// random tensor, element i may be off by that many roundings of sum_j |J_ji|·|g_j|, and of the largest such sum of the
/// same input, since a Jacobian's element may itself be a difference of larger numbers.
void check_gradients(Random& random, const std::vector<Tensor>& inputs, const Differentiable& function,
                     double roundings);

}  // namespace test
