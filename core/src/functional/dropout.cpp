// Elements dropped at random; the noise is a function of a key and of the element's place, so that any number of
// threads drops the same ones, and the backward pass draws them again instead of keeping them.
#include "attn/random.hpp"
#include "common.hpp"

namespace attn {

using namespace detail;

Tensor dropout(const Tensor& x, double p) {
  if (!(p >= 0 && p <= 1)) throw Error(ErrorCode::range, "dropout", "p must be from 0 to 1, got " + std::to_string(p));
  require_float("dropout", x);
  if (p == 0) return x;
  const std::uint64_t key = default_generator().next();
  const Tensor given = dense("dropout", x), out = Tensor::empty(x.shape());
  ops::dropout(given.view(), p, key, out.out());
  if (recording({x}))
    record("dropout", out, {x}, [p, key](const Tensor& g, Gradients& to) {
      const Tensor gradient = Tensor::empty(g.shape());
      ops::dropout(g.view(), p, key, gradient.out());
      to.add(0, gradient);
    });
  return out;
}

}  // namespace attn
