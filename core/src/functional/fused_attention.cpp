// The fused path of attention, and what stands on both.
#include "common.hpp"

namespace attn {

using namespace detail;

namespace {

/// x, copied only where its heads are not each contiguous with one step from head to head: not for each step that a
/// cache grows by.
Tensor dense_heads(const char* op, const Tensor& x) {
  require_float(op, x);
  const auto rank = static_cast<std::size_t>(x.rank());
  const Shape &shape = x.shape(), &strides = x.strides();
  const bool dense_rows = rank >= 3 && strides[rank - 1] == 1 && strides[rank - 2] == shape[rank - 1];
  return dense_rows && (rank == 3 || strides[0] == shape[1] * strides[1]) && rank <= 4 ? x : dense(op, x);
}

}  // namespace

FusedAttention fused_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                               const SdpaOptions& options) {
  constexpr const char* op = "scaled_dot_product_attention";
  const Tensor q = dense(op, query), k = dense_heads(op, key), v = dense_heads(op, value);
  const MaskView mask(op, options.mask);
  const ops::SdpaOptions view{mask.mask, options.scale, options.enable_gqa};
  const Shape shape = ops::sdpa_shape(q.view(), k.view(), v.view(), view);
  FusedAttention result{Tensor::empty(shape), Tensor::empty(Shape(shape.begin(), shape.end() - 1))};
  ops::scaled_dot_product_attention(q.view(), k.view(), v.view(), view, result.output.out(), result.lse.out());
  if (recording({query, key, value}))
    record(op, result.output, {query, key, value},
           [options, q = Saved(q), k = Saved(k), v = Saved(v), output = Saved(result.output.detach()),
            lse = Saved(result.lse)](const Tensor& g, Gradients& to) {
             const AttentionGradients found =
                 fused_attention_backward(q.get(), k.get(), v.get(), options, {output.get(), lse.get()}, g);
             to.add(0, found.query);
             to.add(1, found.key);
             to.add(2, found.value);
           });
  return result;
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const SdpaOptions& options) {
  // The fused backward pass has no gradient for the mask; one that is learned takes the plain path.
  if (recording({options.mask.additive}) && !options.enable_gqa)
    return attend(query, key, value, {.mask = options.mask, .scale = options.scale}).output;
  return fused_attention(query, key, value, options).output;
}

AttentionGradients fused_attention_backward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const SdpaOptions& options, const FusedAttention& forward,
                                            const Tensor& output_gradient) {
  constexpr const char* op = "scaled_dot_product_attention_backward";
  const Tensor q = dense(op, query), k = dense(op, key), v = dense(op, value), d = dense(op, output_gradient);
  const Tensor output = dense(op, forward.output), lse = dense(op, forward.lse);
  const MaskView mask(op, options.mask);
  const ops::SdpaOptions view{mask.mask, options.scale, options.enable_gqa};
  const Shape shape = ops::sdpa_shape(q.view(), k.view(), v.view(), view);
  if (d.shape() != shape || output.shape() != shape || lse.shape() != Shape(shape.begin(), shape.end() - 1))
    throw Error(ErrorCode::shape, op,
                "output and its gradient must be " + to_string(shape) + ", and lse that without the last size, got " +
                    to_string(output.shape()) + ", " + to_string(d.shape()) + " and " + to_string(lse.shape()),
                {shape, output.shape(), d.shape(), lse.shape()});
  AttentionGradients result{Tensor::empty(q.shape()), Tensor::empty(k.shape()), Tensor::empty(v.shape())};
  ops::scaled_dot_product_attention_backward(q.view(), k.view(), v.view(), view, output.view(), lse.view(), d.view(),
                                             {result.query.out(), result.key.out(), result.value.out()});
  return result;
}

MultiHeadOutput multi_head_attention_forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                             Index num_heads, const MultiHeadWeights& weights, const Mask& mask) {
  constexpr const char* op = "multi_head_attention_forward";
  const Index e = query.rank() ? query.size(-1) : 0;
  if (query.rank() < 2 || query.rank() > 3)
    throw Error(ErrorCode::shape, op, "query must be [T,E] or [B,T,E], got " + to_string(query.shape()),
                {query.shape()});
  if (weights.in_proj_weight.shape() != Shape{3 * e, e})
    throw Error(ErrorCode::shape, op,
                "in_proj_weight must be " + to_string({3 * e, e}) + " to match query " + to_string(query.shape()) +
                    ", got " + to_string(weights.in_proj_weight.shape()),
                {query.shape(), weights.in_proj_weight.shape()});
  if (weights.in_proj_bias.defined() && weights.in_proj_bias.shape() != Shape{3 * e})
    throw Error(ErrorCode::shape, op,
                "in_proj_bias must be " + to_string({3 * e}) + ", got " + to_string(weights.in_proj_bias.shape()),
                {{3 * e}, weights.in_proj_bias.shape()});
  if (weights.out_proj_weight.shape() != Shape{e, e})
    throw Error(ErrorCode::shape, op,
                "out_proj_weight must be " + to_string({e, e}) + ", got " + to_string(weights.out_proj_weight.shape()),
                {{e, e}, weights.out_proj_weight.shape()});
  if (weights.out_proj_bias.defined() && weights.out_proj_bias.shape() != Shape{e})
    throw Error(ErrorCode::shape, op,
                "out_proj_bias must be " + to_string({e}) + ", got " + to_string(weights.out_proj_bias.shape()),
                {{e}, weights.out_proj_bias.shape()});
  for (const Tensor* x : {&key, &value})
    if (x->rank() != query.rank() || x->size(-1) != e)
      throw Error(ErrorCode::shape, op,
                  "key and value must have the dimensions of query " + to_string(query.shape()) + " and end in " +
                      std::to_string(e) + ", got " + to_string(x->shape()),
                  {query.shape(), x->shape()});
  if (num_heads < 1 || e % num_heads != 0)
    throw Error(ErrorCode::range, op,
                "num_heads must be at least 1 and divide " + std::to_string(e) + ", got " + std::to_string(num_heads));
  const auto project = [&](const Tensor& x, Index part) {
    const Tensor bias =
        weights.in_proj_bias.defined() ? slice(weights.in_proj_bias, 0, part * e, (part + 1) * e) : Tensor();
    return linear(x, slice(weights.in_proj_weight, 0, part * e, (part + 1) * e), bias);
  };
  const Attention attention =
      attend(project(query, 0), project(key, 1), project(value, 2), {.mask = mask, .heads = num_heads});
  Tensor per_head = attention.weights;
  if (num_heads == 1) {  // attend leaves a single head's dimension out; here it always stands
    Shape shape = per_head.shape();
    shape.insert(shape.end() - 2, 1);
    per_head = reshape(per_head, shape);
  }
  return {linear(attention.output, weights.out_proj_weight, weights.out_proj_bias), per_head};
}

}  // namespace attn
