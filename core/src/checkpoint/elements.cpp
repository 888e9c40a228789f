#include "elements.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "json.hpp"

namespace attn::detail {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian, and elements are copied");

/// IEEE binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  std::uint32_t bits = (exponent + 112) << 23 | fraction << 13;  // 127 - 15: the biases
  if (exponent == 31) bits = 0x7f800000u | fraction << 13;
  if (exponent == 0) bits = std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f);
  return std::bit_cast<float>(sign | bits);
}

/// The upper half of a float.
float from_bfloat(std::uint16_t upper) { return std::bit_cast<float>(std::uint32_t{upper} << 16); }

/// out[i] = f(element i), where f may find that there is nothing for it: then its index is returned.
template <class From, class To, class F>
std::optional<std::size_t> convert(std::span<const std::byte> bytes, std::span<To> out, F f) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    From x;
    std::memcpy(&x, bytes.data() + i * sizeof x, sizeof x);
    const std::optional<To> y = f(x);
    if (!y) return i;
    out[i] = *y;
  }
  return {};
}

std::optional<std::size_t> fill(const std::string& dtype, std::span<const std::byte> bytes, std::span<float> out) {
  using Result = std::optional<float>;
  if (dtype == "F16") return convert<std::uint16_t>(bytes, out, [](std::uint16_t x) { return Result(from_half(x)); });
  if (dtype == "BF16")
    return convert<std::uint16_t>(bytes, out, [](std::uint16_t x) { return Result(from_bfloat(x)); });
  return convert<double>(bytes, out, [](double x) {
    constexpr double most = std::numeric_limits<float>::max();
    return std::isfinite(x) && std::abs(x) > most ? Result() : Result(static_cast<float>(x));
  });
}

std::optional<std::size_t> fill(const std::string& dtype, std::span<const std::byte> bytes,
                                std::span<std::int32_t> out) {
  using Result = std::optional<std::int32_t>;
  if (dtype == "U8") return convert<std::uint8_t>(bytes, out, [](std::uint8_t x) { return Result(x); });
  if (dtype == "BOOL")
    return convert<std::uint8_t>(bytes, out, [](std::uint8_t x) { return x > 1 ? Result() : Result(x); });
  return convert<std::int64_t>(bytes, out, [](std::int64_t x) {
    const auto y = static_cast<std::int32_t>(x);
    return y == x ? Result(y) : Result();
  });
}

}  // namespace

std::size_t element_bytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "F16" || dtype == "BF16") return 2;
  return dtype == "U8" || dtype == "BOOL" ? 1 : 0;
}

Tensor read_elements(const char* op, const std::string& name, const std::string& dtype, const Shape& shape,
                     std::span<const std::byte> bytes, bool allow_nonfinite) {
  const bool real = dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
  const Tensor out = Tensor::empty(shape, real ? DType::float32 : DType::int32);
  std::optional<std::size_t> fault;
  if (dtype == "F32" || dtype == "I32") {
    void* const to = real ? static_cast<void*>(out.data()) : out.data<std::int32_t>();
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  } else {
    fault = real ? fill(dtype, bytes, out.values()) : fill(dtype, bytes, out.values<std::int32_t>());
  }
  if (fault)
    malformed(op,
              "element " + std::to_string(*fault) + " of " + name +
                  (dtype == "BOOL" ? " must be 0 or 1" : std::string(" does not fit in ") + to_string(out.dtype())));
  if (!real || allow_nonfinite) return out;
  const std::span<const float> values = out.values();
  const auto odd = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
  if (odd != values.end())
    malformed(op, "element " + std::to_string(odd - values.begin()) + " of " + name + " is " + std::to_string(*odd) +
                      "; who wants to read that says so by allow_nonfinite: true");
  return out;
}

}  // namespace attn::detail
