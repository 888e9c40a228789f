#include "attn/ops.hpp"
#include "work.hpp"

namespace bench {

Work matmul(const Sizes& m_k_n) {
  const attn::Index m = m_k_n[0], k = m_k_n[1], n = m_k_n[2];
  const auto a = std::make_shared<Array>(attn::Shape{m, k});
  const auto b = std::make_shared<Array>(attn::Shape{k, n});
  const auto c = std::make_shared<Array>(attn::Shape{m, n});
  return {{a, b}, c, [=] { attn::ops::matmul(a->in(), b->in(), c->out()); }};
}

}  // namespace bench
