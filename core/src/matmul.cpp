#include <algorithm>

#include "attn/error.hpp"
#include "attn/ops.hpp"
#include "attn/thread_pool.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/gemm.hpp"
#include "panels.hpp"
#include "pieces.hpp"
#include "scratch.hpp"
#include "simd.hpp"

namespace attn::ops {

using detail::kInline;
using detail::Panels;
using detail::Scratch;
using kernels::Matrix;

namespace {

/// Rows of a piece: they and a block of b's panel fit the nearest caches.
constexpr Index kRows = 96;
/// Rows that make a piece worth its reading of all of b.
constexpr Index kLeastRows = 48;
/// Fewer rows than this pass over b as it lies.
constexpr Index kFewRows = 4;

/// out [m,n] = activation(a [m,k] · b [k,n] + bias [n]); without the last two where there are none.
struct Product {
  Index m, n, k;
  Matrix a, b;
  const float* bias;
  std::optional<Unary> activation;
  float* out;

  double work() const { return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

Matrix matrix_of(const In& x) { return {x.data, x.strides[x.strides.size() - 2], x.strides.back()}; }

void finish(const Product& p, Index rows, Index columns, float* c) {
  if (!p.activation) return;
  simd::dispatch([&]<class Arch>(Arch) {
    for (Index i = 0; i < rows; ++i) kernels::unary<Arch>(*p.activation, columns, c + i * p.n, c + i * p.n);
  });
}

/// Rows [row, row + rows) and columns [column, column + columns) of one product, from b's packed panels.
void multiply_block(const Product& p, const float* packed, Index row, Index rows, Index column, Index columns) {
  float* const c = p.out + row * p.n + column;
  simd::dispatch([&]<class Arch>(Arch) {
    const Scratch scratch("matmul", kernels::gemm_scratch<Arch>(rows, p.k));
    kernels::gemm<Arch>(rows, columns, p.k, p.a.at(row, 0), packed + column * p.k, p.bias ? p.bias + column : nullptr,
                        c, p.n, scratch.data());
  });
  finish(p, rows, columns, c);
}

/// A product from packed panels, split by rows and, where these are few, by columns.
void multiply_packed(const Product& p, const float* packed) {
  const Panels panels(p.k, p.n);
  // Sums do not depend on the pieces, so these may depend on the threads.
  const Index wanted = num_threads() == 1 ? 1 : 4 * num_threads();
  const Index row_pieces = std::max({Index{1}, (p.m + kRows - 1) / kRows, std::min(wanted, p.m / kLeastRows)});
  const Index column_pieces =
      std::clamp<Index>((wanted + row_pieces - 1) / row_pieces, 1, std::max<Index>(1, panels.count / 2));
  const Index rows = (p.m + row_pieces - 1) / row_pieces;
  const Index columns = (panels.count + column_pieces - 1) / column_pieces * panels.width;
  const Index pieces = row_pieces * column_pieces;
  parallel_for(pieces, p.work() < kInline ? pieces : 1, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece) {
      const Index row = piece / column_pieces * rows, column = piece % column_pieces * columns;
      if (row >= p.m || column >= p.n) continue;
      multiply_block(p, packed, row, std::min(rows, p.m - row), column, std::min(columns, p.n - column));
    }
  });
}

void pack_panels(const Matrix& b, Index k, Index n, const Panels& panels, float* packed) {
  const double panel = 16.0 * static_cast<double>(std::max<Index>(1, k)) * static_cast<double>(panels.width);
  parallel_for(panels.count, static_cast<Index>(kInline / panel), [&](Index begin, Index end) {
    simd::dispatch([&]<class Arch>(Arch) { kernels::pack<Arch>(k, n, b, begin, end, packed); });
  });
}

/// Few rows: bound by the reading of b, which packing would only add to.
void multiply_rows(const Product& p) {
  const double column_work = static_cast<double>(p.m) * static_cast<double>(std::max<Index>(p.k, 1));
  // In whole registers, so that where a piece begins changes no bits.
  const Index grain = std::max<Index>(64, static_cast<Index>(kInline / 4 / column_work) / 64 * 64);
  parallel_for(p.n, grain, [&](Index begin, Index end) {
    for (Index i = 0; i < p.m; ++i) {
      float* const c = p.out + i * p.n + begin;
      simd::dispatch([&]<class Arch>(Arch) {
        kernels::gemv<Arch>(end - begin, p.k, p.a.at(i, 0).data, p.b.at(0, begin), p.bias ? p.bias + begin : nullptr,
                            c);
      });
      finish(p, 1, end - begin, c);
    }
  });
}

void multiply_one(const Product& p) {
  if (p.m < kFewRows && p.a.column == 1 && (p.b.row == 1 || p.b.column == 1)) return multiply_rows(p);
  if (p.n == 1 && !p.bias && p.a.column == 1 && p.b.row == 1)  // a vector: turned, a's rows are the columns
    return multiply_rows({1, p.m, p.k, {p.b.data, 0, 1}, {p.a.data, 1, p.a.row}, nullptr, p.activation, p.out});
  const Panels panels(p.k, p.n);
  const Scratch packed("matmul", panels.floats);
  pack_panels(p.b, p.k, p.n, panels, packed.data());
  multiply_packed(p, packed.data());
}

/// Where each of a batch's matrices starts: strides of the leading dimensions, repeated along `leading`.
Shape leading_strides(const In& x, const Shape& leading) {
  const In lead{x.data, Shape(x.shape.begin(), x.shape.end() - 2), Shape(x.strides.begin(), x.strides.end() - 2)};
  return broadcast_to(lead, leading).strides;
}

Index offset_of(Index batch, const Shape& leading, const Shape& strides) {
  Index offset = 0;
  for (std::size_t i = leading.size(); i-- > 0;) {
    offset += batch % leading[i] * strides[i];
    batch /= leading[i];
  }
  return offset;
}

/// True where the rows of every matrix of a follow one another and b is one matrix: then the batch is one tall product.
bool one_tall(const Shape& leading, const Shape& a_strides, const Shape& b_strides, Index rows, Index row) {
  Index expected = rows * row;
  for (std::size_t i = leading.size(); i-- > 0;) {
    if (leading[i] == 1) continue;
    if (b_strides[i] != 0 || a_strides[i] != expected) return false;
    expected *= leading[i];
  }
  return true;
}

void multiply(const In& a, const In& b, const float* bias, std::optional<Unary> activation, const Out& out) {
  const Shape leading(out.shape.begin(), out.shape.end() - 2);
  const Shape a_strides = leading_strides(a, leading), b_strides = leading_strides(b, leading);
  Product p{a.size(-2), b.size(-1), a.size(-1), matrix_of(a), matrix_of(b), bias, activation, out.data};
  const Index batches = numel(leading);
  if (batches == 0 || p.m == 0 || p.n == 0) return;
  if (one_tall(leading, a_strides, b_strides, p.m, p.a.row)) {
    p.m *= batches;
    return multiply_one(p);
  }
  const auto run = [&](Index batch) {
    Product one = p;
    one.a.data += offset_of(batch, leading, a_strides);
    one.b.data += offset_of(batch, leading, b_strides);
    one.out += batch * p.m * p.n;
    multiply_one(one);
  };
  // Many products: each whole on one thread (what runs inside a body runs inline). Few: each split over all threads.
  if (batches >= 2 * num_threads()) {
    const Index grain = std::max<Index>(1, static_cast<Index>(kInline / std::max(1.0, p.work())));
    parallel_for(batches, grain, [&](Index begin, Index end) {
      for (Index batch = begin; batch < end; ++batch) run(batch);
    });
  } else {
    for (Index batch = 0; batch < batches; ++batch) run(batch);
  }
}

}  // namespace

Shape matmul_shape(std::string_view op, const Shape& a, const Shape& b) {
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2])
    throw Error(ErrorCode::shape, op,
                "the last size of a must be the last but one of b, got " + to_string(a) + " and " + to_string(b),
                {a, b});
  Shape shape = broadcast_shapes(op, Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  shape.push_back(a[a.size() - 2]);
  shape.push_back(b.back());
  return shape;
}

void matmul(const In& a, const In& b, const Out& out) {
  matmul_shape("matmul", a.shape, b.shape);
  multiply(a, b, nullptr, {}, out);
}

void linear(const In& x, const In& weight, const In& bias, std::optional<Unary> activation, const Out& out) {
  const In turned{weight.data, {weight.shape[1], weight.shape[0]}, {weight.strides[1], weight.strides[0]}};
  multiply(x, turned, bias.data, activation, out);
}

PackedMatrix::PackedMatrix(const In& b) : rows_(b.size(0)), columns_(b.size(1)), instruction_set_(simd::chosen()) {
  const Panels panels(rows_, columns_);
  try {
    packed_.resize(static_cast<std::size_t>(checked_numel("pack", {panels.count, panels.width, rows_})));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, "pack", "no memory to pack a matrix of shape " + to_string(b.shape), {b.shape});
  }
  pack_panels(matrix_of(b), rows_, columns_, panels, packed_.data());
}

void matmul(const In& a, const PackedMatrix& b, const In& bias, std::optional<Unary> activation, const Out& out) {
  if (b.instruction_set_ != simd::chosen())
    throw Error(ErrorCode::unsupported, "matmul", "the matrix was packed under another instruction set: pack it again");
  if (a.size(-1) != b.rows())
    throw Error(ErrorCode::shape, "matmul",
                "a must end in " + std::to_string(b.rows()) + " to match the packed matrix " +
                    to_string({b.rows(), b.columns()}) + ", got " + to_string(a.shape),
                {a.shape, {b.rows(), b.columns()}});
  const Product p{a.size(-2), b.columns(), b.rows(), matrix_of(a), {}, bias.data, activation, out.data};
  if (p.m > 0 && p.n > 0) multiply_packed(p, b.packed_.data());
}

}  // namespace attn::ops
