#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace reference {
namespace {

const double inf = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

Index product(const Shape& shape, std::size_t begin, std::size_t end) {
  Index n = 1;
  for (std::size_t i = begin; i < end; ++i) n *= shape[i];
  return n;
}
Index product(const Shape& shape) { return product(shape, 0, shape.size()); }

Shape leading(const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); }

Shape joined(Shape front, const Shape& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

Shape broadcast(Shape a, Shape b) {
  while (a.size() < b.size()) a.insert(a.begin(), 1);
  while (b.size() < a.size()) b.insert(b.begin(), 1);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] == 1 ? b[i] : a[i];
  return a;
}

/// Where position `flat` of `to` comes from in a smaller shape that is broadcast to it.
Index broadcast_position(const Shape& from, const Shape& to, Index flat) {
  Index position = 0, stride = 1;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const Index size = to[to.size() - 1 - i], here = flat % size;
    flat /= size;
    if (i >= from.size()) continue;
    const Index own = from[from.size() - 1 - i];
    position += (own == 1 ? 0 : here) * stride;
    stride *= own;
  }
  return position;
}

/// f over every run of elements along `dim`.
Array fold(const Array& x, Index dim, const test::Function<double(const std::vector<double>&)>& f) {
  const auto at = static_cast<std::size_t>(dim);
  const Index outer = product(x.shape, 0, at), n = x.shape[at], inner = product(x.shape, at + 1, x.shape.size());
  Array out =
      filled(joined(Shape(x.shape.begin(), x.shape.begin() + dim), Shape(x.shape.begin() + dim + 1, x.shape.end())), 0);
  for (Index o = 0; o < outer; ++o)
    for (Index i = 0; i < inner; ++i) {
      std::vector<double> run;
      for (Index j = 0; j < n; ++j) run.push_back(x[(o * n + j) * inner + i]);
      out[o * inner + i] = f(run);
    }
  return out;
}

double maximum(const std::vector<double>& x) {
  double m = -inf;
  for (const double v : x) m = std::isnan(v) || std::isnan(m) ? nan : std::max(m, v);
  return m;
}

/// f over every run of the last dimension, which stays.
Array rowwise(const Array& x, const test::Function<std::vector<double>(const std::vector<double>&)>& f) {
  Array out = x;
  const Index n = x.shape.back();
  for (Index begin = 0; begin < x.size(); begin += n) {
    const std::vector<double> row = f(std::vector<double>(x.data.begin() + begin, x.data.begin() + begin + n));
    std::copy(row.begin(), row.end(), out.data.begin() + begin);
  }
  return out;
}

std::vector<double> softmax_row(const std::vector<double>& x) {
  const double m = maximum(x);
  std::vector<double> out(x.size(), 0.0);
  if (m == -inf) return out;
  double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += out[i] = std::exp(x[i] - m);
  for (double& w : out) w /= total;
  return out;
}

/// The support is the longest prefix of the sorted row whose k-th element stays above the threshold of the first k.
std::vector<double> sparsemax_row(const std::vector<double>& z) {
  std::vector<double> sorted;
  for (const double x : z)
    if (x != -inf) sorted.push_back(x);
  std::vector<double> out(z.size(), 0.0);
  std::sort(sorted.rbegin(), sorted.rend());
  double total = 0, threshold = 0;
  for (std::size_t k = 1; k <= sorted.size(); ++k) {
    total += sorted[k - 1];
    if (1 + static_cast<double>(k) * sorted[k - 1] > total) threshold = (total - 1) / static_cast<double>(k);
  }
  for (std::size_t i = 0; i < z.size(); ++i) out[i] = std::max(0.0, z[i] - threshold);
  return out;
}

}  // namespace

Array filled(const Shape& shape, double value) {
  return {shape, std::vector<double>(static_cast<std::size_t>(product(shape)), value)};
}

Array map(const test::Function<double(double)>& f, const Array& x) {
  Array out = x;
  for (double& v : out.data) v = f(v);
  return out;
}

Array combine(const test::Function<double(double, double)>& f, const Array& a, const Array& b) {
  Array out = filled(broadcast(a.shape, b.shape), 0);
  for (Index i = 0; i < out.size(); ++i) out[i] = f(broadcast_at(a, out.shape, i), broadcast_at(b, out.shape, i));
  return out;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; }
double gelu_tanh(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
double silu(double x) { return x * sigmoid(x); }

double broadcast_at(const Array& x, const Shape& to, Index flat) { return x[broadcast_position(x.shape, to, flat)]; }

Array sum(const Array& x, Index dim) {
  return fold(x, dim, [](const std::vector<double>& run) {
    double total = 0;
    for (const double v : run) total += v;
    return total;
  });
}

Array mean(const Array& x, Index dim) {
  const auto n = static_cast<double>(x.shape[static_cast<std::size_t>(dim)]);
  return map([n](double total) { return total / n; }, sum(x, dim));
}

Array max(const Array& x, Index dim) { return fold(x, dim, maximum); }

Array matmul(const Array& a, const Array& b) {
  const Index M = a.shape[a.shape.size() - 2], K = a.shape.back(), N = b.shape.back();
  const Shape lead_a = leading(a.shape), lead_b = leading(b.shape), lead = broadcast(lead_a, lead_b);
  Array out = filled(joined(lead, {M, N}), 0);
  for (Index l = 0; l < product(lead); ++l) {
    const Index at_a = broadcast_position(lead_a, lead, l) * M * K, at_b = broadcast_position(lead_b, lead, l) * K * N;
    for (Index m = 0; m < M; ++m)
      for (Index n = 0; n < N; ++n)
        for (Index k = 0; k < K; ++k) out[(l * M + m) * N + n] += a[at_a + m * K + k] * b[at_b + k * N + n];
  }
  return out;
}

Array transpose(const Array& x) {
  const Index rows = x.shape[0], columns = x.shape[1];
  Array out = filled({columns, rows}, 0);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) out[c * rows + r] = x[r * columns + c];
  return out;
}

Array softmax(const Array& x) { return rowwise(x, softmax_row); }

Array log_softmax(const Array& x) {
  return rowwise(x, [](const std::vector<double>& row) {
    const double m = maximum(row);
    double total = 0;
    for (const double v : row) total += std::exp(v - m);
    std::vector<double> out;
    for (const double v : row) out.push_back(m == -inf ? -inf : v - m - std::log(total));
    return out;
  });
}

Array entropy(const Array& weights) {
  return fold(weights, static_cast<Index>(weights.shape.size()) - 1, [](const std::vector<double>& row) {
    double total = 0;
    for (const double w : row) total -= w == 0 ? 0 : w * std::log(w);
    return total;
  });
}

Array conv1d(const Array& input, const Array& weight, const Array& bias, Index stride, Index padding) {
  const Index N = input.shape[0], Cin = input.shape[1], L = input.shape[2], Cout = weight.shape[0], K = weight.shape[2];
  Array out = filled({N, Cout, (L + 2 * padding - K) / stride + 1}, 0);
  Index at = 0;
  for (Index n = 0; n < N; ++n)
    for (Index o = 0; o < Cout; ++o)
      for (Index l = 0; l < out.shape[2]; ++l, ++at) {
        out[at] = bias.empty() ? 0 : bias[o];
        for (Index c = 0; c < Cin; ++c)
          for (Index k = 0; k < K; ++k) {
            const Index x = l * stride + k - padding;
            if (x >= 0 && x < L) out[at] += weight[(o * Cin + c) * K + k] * input[(n * Cin + c) * L + x];
          }
      }
  return out;
}

Array sinusoidal(Index length, Index dim) {
  Array out = filled({length, dim}, 0);
  for (Index p = 0; p < length; ++p)
    for (Index d = 0; d < dim; ++d) {
      const double angle =
          static_cast<double>(p) / std::pow(10000.0, static_cast<double>(d - d % 2) / static_cast<double>(dim));
      out[p * dim + d] = d % 2 == 0 ? std::sin(angle) : std::cos(angle);
    }
  return out;
}

std::vector<double> normalize(Normalizer normalizer, const std::vector<double>& masked) {
  // NaN or +inf among the scores leaves nothing to weigh: the whole row is NaN.
  for (const double e : masked)
    if (std::isnan(e) || e == inf) return std::vector<double>(masked.size(), nan);
  if (normalizer == Normalizer::softmax) return softmax_row(masked);
  if (normalizer == Normalizer::sparsemax) return sparsemax_row(masked);
  if (normalizer == Normalizer::double_softmax) {
    std::vector<double> again = softmax_row(masked);
    for (std::size_t s = 0; s < again.size(); ++s)
      if (masked[s] == -inf) again[s] = -inf;
    return softmax_row(again);
  }
  double total = 0;
  for (const double e : masked) total += e == -inf ? 0 : e;
  std::vector<double> out;
  for (const double e : masked) out.push_back(e == -inf ? 0 : e / total);
  return out;
}

}  // namespace reference
