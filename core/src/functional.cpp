#include "attn/functional.hpp"

#include <cmath>
#include <string>

#include "attn/error.hpp"

namespace attn {

namespace {

void require_float(const char* op, const Tensor& x) {
  if (!x.defined()) throw Error(ErrorCode::type, op, "expected a tensor, got none");
  if (x.dtype() != DType::float32)
    throw Error(ErrorCode::type, op, std::string("expected a tensor of float32, got ") + to_string(x.dtype()));
}

/// A contiguous float32 tensor, or an error that names the operator.
Tensor dense(const char* op, const Tensor& x) {
  require_float(op, x);
  return contiguous(x);
}

/// The same for an argument that may be left out.
Tensor optional_dense(const char* op, const Tensor& x) { return x.defined() ? dense(op, x) : x; }

In view_of(const Tensor& x) { return x.defined() ? x.view() : In{}; }

/// Applies a row operator along `dim`: moves it last, and back again.
template <class F>
Tensor along(const char* op, const Tensor& x, Index dim, F f) {
  const Index at = checked_dim(op, dim, x.rank()), last = x.rank() - 1;
  const Tensor rows = dense(op, transpose(x, at, last));
  Tensor out = Tensor::empty(rows.shape());
  f(rows.view(), out.out());
  return transpose(out, at, last);
}

}  // namespace

Tensor unary(ops::Unary f, const Tensor& x) {
  require_float(name_of(f), x);
  Tensor out = Tensor::empty(x.shape());
  ops::unary(f, x.view(), out.out());
  return out;
}

Tensor binary(ops::Binary f, const Tensor& a, const Tensor& b) {
  require_float(name_of(f), a);
  require_float(name_of(f), b);
  Tensor out = Tensor::empty(broadcast_shapes(name_of(f), a.shape(), b.shape()));
  ops::binary(f, a.view(), b.view(), out.out());
  return out;
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, float value) {
  require_float("masked_fill", x);
  require_float("masked_fill", mask);
  Tensor out = Tensor::empty(x.shape());
  ops::masked_fill(x.view(), mask.view(), value, out.out());
  return out;
}

Tensor reduce(ops::Reduction f, const Tensor& x, std::optional<Index> dim, bool keepdim) {
  const Tensor dense_x = dense(name_of(f), x);
  Shape shape, split;
  if (dim) {
    const auto at = static_cast<std::size_t>(checked_dim(name_of(f), *dim, x.rank()));
    const auto begin = x.shape().begin();
    split = {numel(Shape(begin, begin + static_cast<Index>(at))), x.shape()[at],
             numel(Shape(begin + static_cast<Index>(at) + 1, x.shape().end()))};
    shape = x.shape();
    if (keepdim)
      shape[at] = 1;
    else
      shape.erase(shape.begin() + static_cast<Index>(at));
  } else {
    split = {1, x.numel(), 1};
    if (keepdim) shape.assign(x.shape().size(), 1);
  }
  Tensor out = Tensor::empty(shape);
  ops::reduce(f, {dense_x.data(), split, row_major_strides(split)}, out.out());
  return out;
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.rank() == 0 || b.rank() == 0)
    throw Error(ErrorCode::shape, "matmul",
                "both must have at least 1 dimension, got " + to_string(a.shape()) + " and " + to_string(b.shape()),
                {a.shape(), b.shape()});
  require_float("matmul", a);
  require_float("matmul", b);
  Tensor left = a, right = b;
  if (a.rank() == 1) left = reshape(left, {1, a.size(0)});
  if (b.rank() == 1) right = reshape(right, {b.size(0), 1});
  if (left.size(-1) != right.size(-2))
    throw Error(ErrorCode::shape, "matmul",
                to_string(a.shape()) + " and " + to_string(b.shape()) + " do not multiply: " +
                    std::to_string(left.size(-1)) + " columns against " + std::to_string(right.size(-2)) + " rows",
                {a.shape(), b.shape()});
  Tensor out = Tensor::empty(ops::matmul_shape("matmul", left.shape(), right.shape()));
  ops::matmul(left.view(), right.view(), out.out());
  Shape shape = out.shape();
  if (b.rank() == 1) shape.pop_back();
  if (a.rank() == 1) shape.erase(shape.end() - (b.rank() == 1 ? 1 : 2));
  return reshape(out, shape);
}

namespace {

void check_linear(const Tensor& x, const Shape& weight, const Tensor& bias) {
  require_float("linear", x);
  if (x.rank() < 1 || weight.size() != 2 || x.size(-1) != weight[1])
    throw Error(
        ErrorCode::shape, "linear",
        "weight must be [O,I] with I the last size of x " + to_string(x.shape()) + ", got " + to_string(weight),
        {x.shape(), weight});
  if (bias.defined() && bias.shape() != Shape{weight[0]})
    throw Error(ErrorCode::shape, "linear",
                "bias must be [" + std::to_string(weight[0]) + "] to match weight " + to_string(weight) + ", got " +
                    to_string(bias.shape()),
                {weight, bias.shape()});
}

/// x and the result of so many features as matrices: a vector is a row.
template <class F>
Tensor as_rows(const Tensor& x, Index features, F f) {
  const Tensor rows = x.rank() == 1 ? reshape(x, {1, x.size(0)}) : x;
  Shape shape = rows.shape();
  shape.back() = features;
  Tensor out = Tensor::empty(shape);
  f(rows, out);
  return x.rank() == 1 ? reshape(out, {features}) : out;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, std::optional<ops::Unary> activation) {
  require_float("linear", weight);
  check_linear(x, weight.shape(), bias);
  const Tensor b = optional_dense("linear", bias);
  return as_rows(x, weight.size(0), [&](const Tensor& rows, const Tensor& out) {
    ops::linear(rows.view(), weight.view(), view_of(b), activation, out.out());
  });
}

ops::PackedMatrix pack_linear(const Tensor& weight) {
  require_float("pack_linear", weight);
  if (weight.rank() != 2)
    throw Error(ErrorCode::shape, "pack_linear", "weight must be [O,I], got " + to_string(weight.shape()),
                {weight.shape()});
  return ops::PackedMatrix(transpose(weight, 0, 1).view());
}

Tensor linear(const Tensor& x, const ops::PackedMatrix& weight, const Tensor& bias,
              std::optional<ops::Unary> activation) {
  check_linear(x, {weight.columns(), weight.rows()}, bias);
  const Tensor rows = dense("linear", x), b = optional_dense("linear", bias);
  return as_rows(rows, weight.columns(), [&](const Tensor& in, const Tensor& out) {
    const Index features = weight.rows(), count = numel(Shape(out.shape().begin(), out.shape().end() - 1));
    ops::matmul({in.data(), {count, features}, {features, 1}}, weight, view_of(b), activation,
                {out.data(), {count, weight.columns()}, {weight.columns(), 1}});
  });
}

Tensor softmax(const Tensor& x, Index dim) { return along("softmax", x, dim, ops::softmax); }
Tensor log_softmax(const Tensor& x, Index dim) { return along("log_softmax", x, dim, ops::log_softmax); }

Tensor log_sum_exp(const Tensor& x, Index dim, bool keepdim) {
  const Index at = checked_dim("log_sum_exp", dim, x.rank());
  const Tensor rows = dense("log_sum_exp", transpose(x, at, x.rank() - 1));
  Shape shape = rows.shape();
  shape.back() = 1;
  Tensor out = Tensor::empty(shape);
  ops::log_sum_exp(rows.view(), out.out());
  out = transpose(out, at, x.rank() - 1);
  if (keepdim) return out;
  shape = out.shape();
  shape.erase(shape.begin() + at);
  return reshape(out, shape);
}

namespace {

/// Rows of x along its last dimension, and weights of its size. Throws SHAPE or RANGE.
Tensor normalized_rows(const char* op, const Tensor& x, std::initializer_list<const Tensor*> weights, double eps) {
  const Tensor rows = dense(op, x);
  if (x.rank() < 1 || x.size(-1) < 1)
    throw Error(ErrorCode::shape, op, "x must end in at least 1 feature, got " + to_string(x.shape()), {x.shape()});
  for (const Tensor* weight : weights)
    if (weight->defined() && weight->shape() != Shape{x.size(-1)})
      throw Error(ErrorCode::shape, op,
                  "weight and bias must be [" + std::to_string(x.size(-1)) + "] to match x " + to_string(x.shape()) +
                      ", got " + to_string(weight->shape()),
                  {x.shape(), weight->shape()});
  if (!(eps >= 0) || !std::isfinite(eps))
    throw Error(ErrorCode::range, op, "eps must be 0 or more and finite, got " + std::to_string(eps));
  return rows;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  const Tensor rows = normalized_rows("layer_norm", x, {&weight, &bias}, eps);
  const Tensor w = optional_dense("layer_norm", weight), b = optional_dense("layer_norm", bias);
  Tensor out = Tensor::empty(x.shape());
  ops::layer_norm(rows.view(), view_of(w), view_of(b), eps, out.out());
  return out;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const Tensor rows = normalized_rows("rms_norm", x, {&weight}, eps);
  const Tensor w = optional_dense("rms_norm", weight);
  Tensor out = Tensor::empty(x.shape());
  ops::rms_norm(rows.view(), view_of(w), eps, out.out());
  return out;
}

Tensor entropy(const Tensor& weights) {
  if (weights.rank() < 1)
    throw Error(ErrorCode::shape, "entropy", "weights must have at least 1 dimension, got []", {weights.shape()});
  const Tensor rows = dense("entropy", weights);
  Tensor out = Tensor::empty(Shape(rows.shape().begin(), rows.shape().end() - 1));
  ops::entropy(rows.view(), out.out());
  return out;
}

Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, const ops::Conv1d& options) {
  const Tensor x = dense("conv1d", input), w = dense("conv1d", weight), b = optional_dense("conv1d", bias);
  Tensor out = Tensor::empty(ops::conv1d_shape(x.view(), w.view(), view_of(b), options));
  ops::conv1d(x.view(), w.view(), view_of(b), options, out.out());
  return out;
}

Tensor sinusoidal(Index length, Index dim) {
  Tensor out = Tensor::empty({length, dim});
  ops::sinusoidal(out.out());
  return out;
}

namespace {

/// ops::Mask over tensors that it keeps alive.
struct MaskView {
  Tensor lengths, additive;
  ops::Mask mask;

  MaskView(const char* op, const Mask& source)
      : lengths(source.lengths), additive(optional_dense(op, source.additive)) {
    mask.causal = source.causal;
    mask.window = source.window;
    mask.additive = view_of(additive);
    if (!lengths.defined()) return;
    if (lengths.dtype() != DType::int32)
      throw Error(ErrorCode::type, op, std::string("padding lengths must be int32, got ") + to_string(lengths.dtype()));
    lengths = contiguous(lengths);
    mask.lengths = lengths.values<std::int32_t>();
  }
};

}  // namespace

Attention attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttendOptions& options) {
  const Tensor q = dense("attend", query), k = dense("attend", key), v = dense("attend", value);
  const Tensor weight = optional_dense("attend", options.weight), bias = optional_dense("attend", options.bias);
  const Tensor query_weight = optional_dense("attend", options.query_weight);
  const Tensor key_weight = optional_dense("attend", options.key_weight);
  const Tensor score_vector = optional_dense("attend", options.score_vector);
  const MaskView mask("attend", options.mask);
  const ops::AttendOptions view{.score = options.score,
                                .normalizer = options.normalizer,
                                .mask = mask.mask,
                                .scale = options.scale,
                                .temperature = options.temperature,
                                .heads = options.heads,
                                .weight = view_of(weight),
                                .bias = view_of(bias),
                                .query_weight = view_of(query_weight),
                                .key_weight = view_of(key_weight),
                                .score_vector = view_of(score_vector)};
  const ops::AttendShapes shapes = ops::attend_shapes(q.view(), k.view(), v.view(), view);
  Attention out{Tensor::empty(shapes.scores), Tensor::empty(shapes.scores), Tensor::empty(shapes.scores),
                Tensor::empty(shapes.scores), Tensor::empty(shapes.output)};
  ops::attend(q.view(), k.view(), v.view(), view,
              {out.scores.out(), out.scaled.out(), out.masked.out(), out.weights.out(), out.output.out()});
  return out;
}

FusedAttention fused_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                               const SdpaOptions& options) {
  constexpr const char* op = "scaled_dot_product_attention";
  const Tensor q = dense(op, query), k = dense(op, key), v = dense(op, value);
  const MaskView mask(op, options.mask);
  const ops::SdpaOptions view{mask.mask, options.scale, options.enable_gqa};
  const Shape shape = ops::sdpa_shape(q.view(), k.view(), v.view(), view);
  FusedAttention result{Tensor::empty(shape), Tensor::empty(Shape(shape.begin(), shape.end() - 1))};
  ops::scaled_dot_product_attention(q.view(), k.view(), v.view(), view, result.output.out(), result.lse.out());
  return result;
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const SdpaOptions& options) {
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
