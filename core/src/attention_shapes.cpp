#include "attention_shapes.hpp"

#include <algorithm>
#include <string>

#include "attn/error.hpp"

namespace attn::detail {

namespace {

[[noreturn]] void fail(const char* op, const std::string& expected, const In& first, const In& second) {
  throw Error(ErrorCode::shape, op, expected + " " + to_string(first.shape) + ", got " + to_string(second.shape),
              {first.shape, second.shape});
}

bool same_leading(const In& a, const In& b) {
  return std::equal(a.shape.begin(), a.shape.end() - 2, b.shape.begin(), b.shape.end() - 2);
}

/// How many heads of query share one of key and value. Throws SHAPE.
Index checked_group(const char* op, const In& query, const In& key, const In& value) {
  if (query.rank() != 4)
    throw Error(ErrorCode::shape, op, "grouped heads need [B,H,T,D], got query " + to_string(query.shape),
                {query.shape});
  if (value.shape[0] != key.shape[0] || value.shape[1] != key.shape[1])
    fail(op, "value's leading sizes must match key", key, value);
  if (key.shape[0] != query.shape[0] || key.shape[1] < 1 || query.shape[1] < 1 || query.shape[1] % key.shape[1] != 0)
    fail(op, "key's batches must match, and its heads divide, those of query", query, key);
  return query.shape[1] / key.shape[1];
}

}  // namespace

Shape Layout::scores_shape() const {
  Shape shape = leading;
  if (heads > 1) shape.push_back(heads);
  shape.insert(shape.end(), {t, s});
  return shape;
}

Shape Layout::output_shape() const {
  Shape shape = leading;
  shape.insert(shape.end(), {t, heads * dv});
  return shape;
}

Layout checked_layout(const char* op, const In& query, const In& key, const In& value, const LayoutOptions& options) {
  const Index heads = options.heads;
  if (query.rank() < 2 || query.rank() > 4)
    throw Error(ErrorCode::shape, op, "query must be [T,D], [B,T,D] or [B,H,T,D], got " + to_string(query.shape),
                {query.shape});
  if (key.rank() != query.rank()) fail(op, "key must have as many dimensions as query", query, key);
  if (value.rank() != query.rank()) fail(op, "value must have as many dimensions as query", query, value);
  if (options.widths_match && key.size(-1) != query.size(-1))
    fail(op, "key must end in " + std::to_string(query.size(-1)) + " to match query", query, key);
  const Index group = options.grouped ? checked_group(op, query, key, value) : 1;
  if (group == 1) {
    if (!same_leading(query, key)) fail(op, "key's leading sizes must match query", query, key);
    if (!same_leading(query, value)) fail(op, "value's leading sizes must match query", query, value);
  }
  if (value.size(-2) != key.size(-2))
    fail(op, "value must have " + std::to_string(key.size(-2)) + " rows to match key", key, value);
  for (const In* x : {&query, &key})
    if (x->size(-1) < 1)
      throw Error(
          ErrorCode::shape, op,
          "query and key must have at least 1 feature, got " + to_string(query.shape) + " and " + to_string(key.shape),
          {query.shape, key.shape});
  if (heads < 1) throw Error(ErrorCode::range, op, "heads must be at least 1, got " + std::to_string(heads));
  if (heads > 1 && query.rank() == 4)
    throw Error(
        ErrorCode::shape, op,
        "query " + to_string(query.shape) + " has heads already: leave heads at 1, got " + std::to_string(heads),
        {query.shape});
  for (const In* x : {&query, &key, &value})
    if (x->size(-1) % heads != 0)
      throw Error(ErrorCode::shape, op,
                  "the features of " + to_string(x->shape) + " must be a multiple of heads, " + std::to_string(heads),
                  {x->shape});

  Layout layout;
  layout.leading.assign(query.shape.begin(), query.shape.end() - 2);
  layout.batches = numel(layout.leading);
  layout.per_length = query.rank() == 4 ? query.shape[1] : 1;
  layout.heads = heads;
  layout.group = group;
  layout.t = query.size(-2);
  layout.s = key.size(-2);
  layout.dq = query.size(-1) / heads;
  layout.dk = key.size(-1) / heads;
  layout.dv = value.size(-1) / heads;
  checked_numel(op, layout.output_shape());
  return layout;
}

RowMask::RowMask(const char* op, const ops::Mask& mask, const Layout& layout) : mask_(mask), layout_(layout) {
  if (mask.window && *mask.window < 0)
    throw Error(ErrorCode::range, op, "window must be 0 or more, got " + std::to_string(*mask.window));
  if (!mask.lengths.empty()) {
    const Index batches = layout.leading.empty() ? 1 : layout.leading[0];
    const Index lengths = static_cast<Index>(mask.lengths.size());
    if (lengths != batches)
      throw Error(ErrorCode::shape, op,
                  "padding must hold one length for each batch, " + std::to_string(batches) + ", got " +
                      std::to_string(lengths),
                  {{batches}, {lengths}});
    for (std::int32_t length : mask.lengths)
      if (length < 0 || length > layout.s)
        throw Error(
            ErrorCode::range, op,
            "every padding length must be from 0 to " + std::to_string(layout.s) + ", got " + std::to_string(length));
  }
  if (mask.additive.data) {
    const Shape scores = layout.scores_shape();
    const Shape& shape = mask.additive.shape;
    bool fits = shape.size() <= scores.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i)
      fits = shape[shape.size() - 1 - i] == 1 || shape[shape.size() - 1 - i] == scores[scores.size() - 1 - i];
    if (!fits)
      throw Error(ErrorCode::shape, op,
                  "the mask must broadcast to the scores " + to_string(scores) + ", got " + to_string(shape),
                  {scores, shape});
    additive_ = broadcast_to(mask.additive, scores);
  }
}

RowMask::Row RowMask::row(Index problem, Index t) const {
  Row row{0, layout_.s, nullptr, 0};
  if (mask_.causal) row.end = std::min(row.end, t + 1);
  if (mask_.window) {
    const Index window = std::min(*mask_.window, layout_.s + layout_.t);  // so that t + window cannot overflow
    row.begin = std::max(row.begin, t - window);
    row.end = std::min(row.end, t + window + 1);
  }
  if (!mask_.lengths.empty()) {
    const Index batch = problem / layout_.heads / layout_.per_length;
    row.end = std::min(row.end, static_cast<Index>(mask_.lengths[static_cast<std::size_t>(batch)]));
  }
  row.begin = std::min(row.begin, layout_.s);
  row.end = std::max(row.end, row.begin);
  if (additive_.data) {
    Index at = t * additive_.strides[additive_.strides.size() - 2];
    for (std::size_t i = additive_.shape.size() - 2; i-- > 0;) {
      at += problem % additive_.shape[i] * additive_.strides[i];
      problem /= additive_.shape[i];
    }
    row.additive = additive_.data + at;
    row.step = additive_.strides.back();
  }
  return row;
}

}  // namespace attn::detail
