#include "attn/attention.hpp"

#include <cmath>

#include "attn/ops.hpp"
#include "work.hpp"

namespace bench {
namespace {

struct Arrays {
  explicit Arrays(const Sizes& s)
      : query(std::make_shared<Array>(attn::Shape{1, s[0], s[1], s[3]})),
        key(std::make_shared<Array>(attn::Shape{1, s[0], s[2], s[3]})),
        value(std::make_shared<Array>(attn::Shape{1, s[0], s[2], s[3]})),
        output(std::make_shared<Array>(attn::Shape{1, s[0], s[1], s[3]})) {}
  std::shared_ptr<Array> query, key, value, output;
};

Work fused(const Sizes& sizes, bool causal) {
  const Arrays x(sizes);
  const auto call = [=] {
    attn::ops::SdpaOptions options;
    options.mask.causal = causal;
    attn::ops::scaled_dot_product_attention(x.query->in(), x.key->in(), x.value->in(), options, x.output->out());
  };
  return {{x.query, x.key, x.value}, x.output, call};
}

/// The first call computes what the forward pass leaves behind.
Work backward(const Sizes& sizes, bool causal) {
  const Arrays x(sizes);
  struct Given {
    Array lse, out_gradient, query, key, value;
    bool ready = false;
  };
  const auto all = std::make_shared<Given>(
      Given{Array({1, sizes[0], sizes[1]}), *x.output, *x.query, *x.key, *x.value});
  const auto call = [=] {
    attn::ops::SdpaOptions options;
    options.mask.causal = causal;
    const attn::In query = x.query->in(), key = x.key->in(), value = x.value->in();
    if (!all->ready) {
      attn::ops::scaled_dot_product_attention(query, key, value, options, x.output->out(), all->lse.out());
      all->out_gradient.numbers = x.query->numbers;
      all->ready = true;
    }
    attn::ops::scaled_dot_product_attention_backward(query, key, value, options, x.output->in(), all->lse.in(),
                                                     all->out_gradient.in(),
                                                     {all->query.out(), all->key.out(), all->value.out()});
  };
  return {{x.query, x.key, x.value}, nullptr, call};
}

}  // namespace

Work attention(const Sizes& sizes) { return fused(sizes, false); }

Work causal_attention(const Sizes& sizes) { return fused(sizes, true); }

Work attention_backward(const Sizes& sizes) { return backward(sizes, false); }

Work causal_attention_backward(const Sizes& sizes) { return backward(sizes, true); }

// The strongest rival that the library's own operators make: the scale goes into the query, which is small, and no
// intermediate is allocated twice. Not ops::attend, which writes the scores three times because the page shows them.
Work materialised_attention(const Sizes& sizes) {
  const attn::Index heads = sizes[0], queries = sizes[1], keys = sizes[2], dim = sizes[3];
  const Arrays x(sizes);
  struct Intermediates {
    Array scale, query, scores, weights;
  };
  const auto all =
      std::make_shared<Intermediates>(Intermediates{Array({1}), Array({heads, queries, dim}),
                                                    Array({heads, queries, keys}), Array({heads, queries, keys})});
  all->scale.numbers[0] = 1 / std::sqrt(static_cast<float>(dim));
  const auto call = [=] {
    const auto view = [](const Array& array, const attn::Shape& shape) {
      return attn::In{array.numbers.data(), shape, attn::row_major_strides(shape)};
    };
    const attn::Shape rows{heads * queries, keys}, out{heads, queries, dim};
    const attn::In transposed{x.key->numbers.data(), {heads, dim, keys}, {keys * dim, 1, dim}};
    attn::ops::binary(attn::ops::Binary::mul, view(*x.query, out), all->scale.in(), all->query.out());
    attn::ops::matmul(all->query.in(), transposed, all->scores.out());
    attn::ops::softmax(view(all->scores, rows), {all->weights.numbers.data(), rows, attn::row_major_strides(rows)});
    attn::ops::matmul(all->weights.in(), view(*x.value, {heads, keys, dim}),
                      {x.output->numbers.data(), out, attn::row_major_strides(out)});
  };
  return {{x.query, x.key, x.value}, x.output, call};
}

}  // namespace bench
