#include "helpers.hpp"

#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

namespace test {
namespace {

/// f(tensor offset, row-major position) for every element.
void each(const Tensor& x, const Function<void(float, Index)>& f) {
  const Index n = x.numel();
  for (Index flat = 0; flat < n; ++flat) {
    Index rest = flat, offset = 0;
    for (Index d = x.rank() - 1; d >= 0; --d) {
      offset += rest % x.size(d) * x.strides()[static_cast<std::size_t>(d)];
      rest /= x.size(d);
    }
    f(x.data()[offset], flat);
  }
}

bool matches(double got, double want, double tolerance) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want)) return got == want;
  return std::abs(got - want) <= tolerance;
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float Random::uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(next() >> 40) * 0x1p-24f;
}

Index Random::integer(Index low, Index high) {
  return low + static_cast<Index>(next() % static_cast<std::uint64_t>(high - low + 1));
}

Tensor Random::tensor(const Shape& shape, float low, float high) {
  Tensor out = Tensor::empty(shape);
  for (float& v : out.values()) v = uniform(low, high);
  return out;
}

Tensor tensor(std::initializer_list<float> values, const Shape& shape) {
  return Tensor::from(std::span<const float>(values.begin(), values.size()), shape);
}

Tensor integers(std::initializer_list<std::int32_t> values) {
  return integers(values, {static_cast<Index>(values.size())});
}

Tensor integers(std::initializer_list<std::int32_t> values, const Shape& shape) {
  return Tensor::from(std::span<const std::int32_t>(values.begin(), values.size()), shape);
}

Tensor leaf(Tensor x) { return x.set_requires_grad(true); }
Tensor leaf(std::initializer_list<float> values) { return leaf(tensor(values, {static_cast<Index>(values.size())})); }
Tensor sum(const Tensor& x) { return attn::reduce(attn::ops::Reduction::sum, x); }
Tensor times(const Tensor& a, const Tensor& b) { return attn::binary(attn::ops::Binary::mul, a, b); }

std::string read_golden(const std::string& name) {
  std::ifstream file(ATTN_GOLDEN_DIR "/" + name, std::ios::binary);
  REQUIRE_MESSAGE(file, "cannot read " << name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Array exact(const Tensor& x) {
  if (!x.defined()) return {};
  Array out = reference::filled(x.shape(), 0);
  each(x, [&](float v, Index i) { out[i] = static_cast<double>(v); });
  return out;
}

double largest(const Tensor& x) {
  double most = 0;
  for (const double v : exact(x).data) most = std::max(most, std::abs(v));
  return most;
}

std::vector<Index> sizes_around_lanes() { return {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130}; }

void check_close(const Tensor& got, const Array& want, const Array& tolerance) {
  REQUIRE(attn::to_string(got.shape()) == attn::to_string(want.shape));
  REQUIRE(want.size() == tolerance.size());
  Index failures = 0;
  std::ostringstream first;
  each(got, [&](float v, Index i) {
    if (matches(static_cast<double>(v), want[i], tolerance[i])) return;
    if (failures++ == 0)
      first << "element " << i << " of " << attn::to_string(want.shape) << " is " << v << ", expected " << want[i]
            << " ± " << tolerance[i];
  });
  CHECK_MESSAGE(failures == 0, first.str() << "; elements that differ: " << failures);
}

void check_close(const Tensor& got, const Array& want, double tolerance) {
  check_close(got, want, reference::filled(want.shape, tolerance));
}

void check_same_bits(const Tensor& a, const Tensor& b) {
  REQUIRE(attn::to_string(a.shape()) == attn::to_string(b.shape()));
  const auto x = a.values(), y = b.values();
  Index failures = 0;
  // Which NaN an operation makes is the machine's choice, so any NaN equals any other.
  for (std::size_t i = 0; i < x.size(); ++i)
    failures += std::bit_cast<std::uint32_t>(x[i]) != std::bit_cast<std::uint32_t>(y[i]) &&
                !(std::isnan(x[i]) && std::isnan(y[i]));
  CHECK_MESSAGE(failures == 0, "bits differ in " << failures << " of " << x.size() << " elements");
}

void check_values(const Tensor& got, std::initializer_list<float> want) {
  Array expected{got.shape(), {}};
  for (const float v : want) expected.data.push_back(static_cast<double>(v));
  check_close(got, expected, 0.0);
}

void check_all(const Tensor& got, const Function<bool(float)>& condition, std::string_view what) {
  Index failures = 0;
  each(got, [&](float v, Index) { failures += !condition(v); });
  CHECK_MESSAGE(failures == 0, failures << " of " << got.numel() << " elements are not " << what);
}

void check_error(attn::ErrorCode code, std::string_view op, std::initializer_list<std::string_view> pieces,
                 const Function<void()>& run) {
  try {
    run();
  } catch (const attn::Error& error) {
    const std::string what = error.what();
    CAPTURE(what);
    CHECK(std::string(attn::to_string(error.code())) == attn::to_string(code));
    CHECK(error.op() == std::string(op));
    CHECK(what == error.op() + ": " + error.message());
    for (const auto piece : pieces)
      CHECK_MESSAGE(what.find(piece) != std::string::npos, "missing: " << std::string(piece));
    for (const auto& shape : error.shapes()) {  // one size alone may stand without its brackets
      const std::string text = shape.size() == 1 ? std::to_string(shape[0]) : attn::to_string(shape);
      CHECK_MESSAGE(what.find(text) != std::string::npos, "missing: " << text);
    }
    if (code == attn::ErrorCode::shape) CHECK(error.shapes().size() >= 1);
    return;
  }
  FAIL_CHECK(std::string(op) << " threw nothing");
}

std::vector<int> thread_counts() {
  std::vector<int> counts;
  for (const int n : {1, 2, 3, 4, 8}) {
    try {
      const Threads threads(n);
      counts.push_back(n);
    } catch (const attn::Error&) {
      break;
    }
  }
  return counts;
}

}  // namespace test
