// The reference's attention, one key, one row, one head at a time.

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference.hpp"

namespace reference {
namespace {

using Row = std::vector<double>;

struct Dot {
  double value = 0, magnitude = 0;
};

Dot dot(const Row& a, const Row& b) {
  Dot out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    out.value += a[i] * b[i];
    out.magnitude += std::abs(a[i] * b[i]);
  }
  return out;
}

double norm(const Row& x) { return std::sqrt(dot(x, x).value); }

/// Elements [begin, begin + n).
Row part(const Array& x, Index begin, Index n) { return Row(x.data.begin() + begin, x.data.begin() + begin + n); }

/// Row i of a matrix.
Row row(const Array& x, Index i) { return part(x, i * x.shape[1], x.shape[1]); }

Dot over(Dot d, double divisor) {
  if (divisor == 0) return {};
  return {d.value / divisor, d.magnitude / divisor};
}

/// Score of query row q with key row k, which is key number s.
Dot score(const AttendOptions& o, const Row& q, const Row& k, Index s) {
  Dot out;
  switch (o.score) {
    case Score::dot:
    case Score::scaled_dot:
      return dot(q, k);
    case Score::sqrt_norm:
      return over(dot(q, k), std::sqrt(norm(q) * norm(k)));
    case Score::cosine:
      return over(dot(q, k), norm(q) * norm(k));
    case Score::general:
      for (std::size_t i = 0; i < q.size(); ++i) {
        const Dot wk = dot(row(o.weight, static_cast<Index>(i)), k);
        out.value += q[i] * wk.value;
        out.magnitude += std::abs(q[i]) * wk.magnitude;
      }
      return out;
    case Score::additive:
      for (Index a = 0; a < o.score_vector.size(); ++a) {
        const Dot wq = dot(row(o.query_weight, a), q), wk = dot(row(o.key_weight, a), k);
        const double h = std::tanh(wq.value + wk.value), v = o.score_vector[a];
        out.value += v * h;
        // tanh's slope is at most 1, so an error of its argument passes on undiminished at worst.
        out.magnitude += std::abs(v) * (std::abs(h) + wq.magnitude + wk.magnitude);
      }
      return out;
    case Score::location:
      out = dot(row(o.weight, s), q);
      if (!o.bias.empty()) out = {out.value + o.bias[s], out.magnitude + std::abs(o.bias[s])};
      return out;
  }
  return out;
}

bool is_masked(const Mask& mask, Index batch, Index t, Index s) {
  if (mask.causal && s > t) return true;
  if (mask.window && std::abs(s - t) > *mask.window) return true;
  return !mask.lengths.empty() && s >= mask.lengths[static_cast<std::size_t>(batch)];
}

Array linear(const Array& x, const Array& weight, const Array& bias) {
  Array flat{{x.size() / x.shape.back(), x.shape.back()}, x.data};
  Array out = matmul(flat, transpose(weight));
  if (!bias.empty()) out = combine([](double a, double b) { return a + b; }, out, bias);
  out.shape = x.shape;
  out.shape.back() = weight.shape[0];
  return out;
}

}  // namespace

Attention attend(const Array& query, const Array& key, const Array& value, const AttendOptions& o) {
  const Shape lead(query.shape.begin(), query.shape.end() - 2);
  const Index rank = static_cast<Index>(lead.size()), H = o.heads;
  const Index T = query.shape[lead.size()], S = key.shape[lead.size()];
  const Index Dq = query.shape.back() / H, Dk = key.shape.back() / H, Dv = value.shape.back() / H;  // of one head
  Index blocks = 1;  // matrices in the batch; `each` of them belong to one entry of the first dimension
  for (const Index n : lead) blocks *= n;
  const Index each = rank == 0 || lead[0] == 0 ? 1 : blocks / lead[0];

  Shape scores = lead, outputs = lead;
  if (H > 1) scores.push_back(H);
  scores.insert(scores.end(), {T, S});
  outputs.insert(outputs.end(), {T, H * Dv});
  const Array blank = filled(scores, 0);
  Attention out{blank, blank, blank, blank, filled(outputs, 0), blank};

  const double scale = o.scale.value_or(o.score == Score::scaled_dot ? 1 / std::sqrt(static_cast<double>(Dq)) : 1.0);
  const double masked_score = -std::numeric_limits<double>::infinity();
  for (Index n = 0; n < blocks; ++n)
    for (Index h = 0; h < H; ++h)
      for (Index t = 0; t < T; ++t) {
        const Row q = part(query, ((n * T + t) * H + h) * Dq, Dq);
        const Index at = ((n * H + h) * T + t) * S;
        for (Index s = 0; s < S; ++s) {
          const Dot e = score(o, q, part(key, ((n * S + s) * H + h) * Dk, Dk), s);
          const double bias = o.mask.additive.empty() ? 0 : broadcast_at(o.mask.additive, scores, at + s);
          out.scores[at + s] = e.value;
          out.magnitude[at + s] = e.magnitude;
          out.scaled[at + s] = e.value * scale / o.temperature;
          const bool off = bias == masked_score || is_masked(o.mask, n / each, t, s);
          out.masked[at + s] = off ? masked_score : out.scaled[at + s] + bias;
        }
        const Row weights = normalize(o.normalizer, part(out.masked, at, S));
        for (Index s = 0; s < S; ++s) {
          out.weights[at + s] = weights[static_cast<std::size_t>(s)];
          if (out.masked[at + s] == masked_score) continue;
          for (Index d = 0; d < Dv; ++d)
            out.output[((n * T + t) * H + h) * Dv + d] += out.weights[at + s] * value[((n * S + s) * H + h) * Dv + d];
        }
      }
  return out;
}

Attention scaled_dot_product_attention(const Array& query, const Array& key, const Array& value, const Mask& mask,
                                       std::optional<double> scale) {
  AttendOptions options;
  options.mask = mask;
  options.scale = scale;
  return attend(query, key, value, options);
}

MultiHead multi_head_attention_forward(const Array& query, const Array& key, const Array& value, Index num_heads,
                               const MultiHeadWeights& weights, const Mask& mask) {
  const Index E = query.shape.back();
  const auto third = [E](const Array& x, Index i) {
    if (x.empty()) return Array{};
    Shape shape = x.shape;
    shape[0] = E;
    const Index n = x.size() / 3;
    return Array{shape, part(x, i * n, n)};
  };
  const auto project = [&](const Array& x, Index i) {
    return linear(x, third(weights.in_proj_weight, i), third(weights.in_proj_bias, i));
  };
  MultiHead out;
  out.query = project(query, 0);
  out.key = project(key, 1);
  out.value = project(value, 2);
  AttendOptions options;
  options.heads = num_heads;
  options.mask = mask;
  out.heads = attend(out.query, out.key, out.value, options);
  out.output = linear(out.heads.output, weights.out_proj_weight, weights.out_proj_bias);
  return out;
}

}  // namespace reference
