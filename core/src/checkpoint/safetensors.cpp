#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <tuple>

#include "attn/autograd.hpp"
#include "attn/checkpoint.hpp"
#include "attn/functional.hpp"
#include "elements.hpp"
#include "json.hpp"
#include "other_format.hpp"

namespace attn {

using nlohmann::json;

namespace {

constexpr const char* kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;             ///< bytes of the header's length
constexpr std::uint64_t kMostHeader = 100'000'000;  ///< the limit of the format's own library
/// Of a file in memory.
constexpr std::size_t kMostElements = std::numeric_limits<std::ptrdiff_t>::max() - kLengthBytes - kMostHeader;
constexpr const char* kLoad = "load_safetensors";

[[noreturn]] void fail(const std::string& what) { detail::malformed(kLoad, what); }

/// A tensor as the header describes it.
struct Entry {
  std::string name{}, dtype{};
  Shape shape{};
  std::uint64_t begin = 0, end = 0;  ///< in bytes from the end of the header
};

const json& field(const std::string& name, const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end()) fail(name + " has no " + verbatim(key));
  return *found;
}

std::uint64_t whole(const std::string& name, const char* key, const json& number) {
  if (!number.is_number_unsigned())
    fail(name + ": " + verbatim(key) + " must be whole numbers of 0 or more, got " + detail::excerpt(number.dump()));
  return number.get<std::uint64_t>();
}

/// Elements of a tensor of these sizes, what is read as what is written; none for more than a tensor can have. 0 counts
/// as 1 in that, since strides do so.
template <class Sizes>
std::optional<std::uint64_t> elements_of(const Sizes& sizes) {
  std::uint64_t room = std::numeric_limits<Index>::max() / sizeof(float), elements = 1;
  for (const auto part : sizes) {
    const auto size = static_cast<std::uint64_t>(part), at_least_1 = std::max<std::uint64_t>(size, 1);
    if (at_least_1 > room) return {};
    room /= at_least_1;
    elements *= size;
  }
  return elements;
}

/// Sizes, their bytes and the offsets agree, in numbers that cannot overflow.
Entry read_entry(const std::string& key, const json& described) {
  const std::string name = detail::in_quotes(key);
  if (!described.is_object()) fail(name + " must be an object, got " + detail::excerpt(described.dump()));
  const json &dtype = field(name, described, "dtype"), &shape = field(name, described, "shape"),
             &offsets = field(name, described, "data_offsets");
  const std::size_t width = dtype.is_string() ? detail::element_bytes(dtype.get<std::string>()) : 0;
  if (width == 0)
    fail(name + ": dtype must be F64, F32, F16, BF16, I64, I32, U8 or BOOL, got " + detail::excerpt(dtype.dump()));
  if (!shape.is_array()) fail(name + ": shape must be an array, got " + detail::excerpt(shape.dump()));
  if (!offsets.is_array() || offsets.size() != 2)
    fail(name + ": " + verbatim("data_offsets") + " must be 2 numbers, got " + detail::excerpt(offsets.dump()));

  Entry entry{key,
              dtype.get<std::string>(),
              {},
              whole(name, "data_offsets", offsets[0]),
              whole(name, "data_offsets", offsets[1])};
  std::vector<std::uint64_t> sizes;
  for (const json& size : shape) sizes.push_back(whole(name, "shape", size));
  const auto elements = elements_of(sizes);
  if (!elements) fail(name + ": a tensor of shape " + detail::beginning(shape.dump()) + " is too large");
  entry.shape.assign(sizes.begin(), sizes.end());
  if (entry.begin > entry.end) fail(name + ": 'data_offsets' " + offsets.dump() + " are reversed");
  if (const std::uint64_t bytes = *elements * width; entry.end - entry.begin != bytes)
    fail(name + ": " + entry.dtype + " " + detail::beginning(shape.dump()) + " needs " + std::to_string(bytes) +
         " bytes, got 'data_offsets' " + offsets.dump());
  return entry;
}

Metadata read_metadata(const json& described) {
  if (!described.is_object()) fail("__metadata__ must be an object, got " + detail::excerpt(described.dump()));
  Metadata metadata;
  for (const auto& [key, value] : described.items()) {
    if (!value.is_string())
      fail("__metadata__: " + detail::in_quotes(key) + " must be a string, got " + detail::excerpt(value.dump()));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// Every byte of the elements belongs to one tensor.
void check_cover(std::vector<Entry>& entries, std::uint64_t bytes) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::tie(e.begin, e.end, e.name); });
  std::uint64_t at = 0;
  for (const Entry& e : entries) {
    const std::string name = detail::in_quotes(e.name);
    if (e.end > bytes)
      fail(name + " ends at byte " + std::to_string(e.end) + " of the elements, but the file has " +
           std::to_string(bytes));
    if (e.begin < at)
      fail(name + " begins at byte " + std::to_string(e.begin) + " of the elements and overlaps what ends at " +
           std::to_string(at));
    if (e.begin > at)
      fail("bytes " + std::to_string(at) + " to " + std::to_string(e.begin) + " of the elements, before " + name +
           ", belong to no tensor");
    at = e.end;
  }
  if (at < bytes) fail(std::to_string(bytes - at) + " bytes after the last tensor belong to none");
}

}  // namespace

std::vector<std::byte> save_safetensors(const nn::NamedTensors& tensors, const Metadata& metadata) {
  constexpr const char* op = "save_safetensors";
  json header = json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::size_t total = 0;
  for (const auto& [key, x] : tensors) {
    const std::string name = detail::excerpt(key);
    if (!x.defined()) throw Error(ErrorCode::type, op, name + " must be a tensor, got none");
    if (key == kMetadata) detail::malformed(op, "the name " + name + " is kept for the metadata");
    if (header.contains(key)) detail::malformed(op, "the name " + name + " comes twice");
    const auto elements = elements_of(x.shape());
    if (!elements) detail::malformed(op, name + ": a tensor of shape " + to_string(x.shape()) + " is too large");
    const std::size_t begin = total;  // of a view, or a tensor under many names, there is more than memory may hold
    if (*elements > (kMostElements - begin) / sizeof(float))
      throw Error(ErrorCode::oom, op, "a file of all the tensors up to " + name + " does not fit in memory");
    total += static_cast<std::size_t>(*elements) * sizeof(float);  // int32 is as wide
    header[key] = {
        {"dtype", x.dtype() == DType::float32 ? "F32" : "I32"}, {"shape", x.shape()}, {"data_offsets", {begin, total}}};
  }
  std::string text = detail::dump(op, header);
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  if (text.size() > kMostHeader)
    detail::malformed(op, "names and metadata would make a header of " + std::to_string(text.size()) +
                              " bytes, of which the format allows " + std::to_string(kMostHeader));

  std::vector<std::byte> bytes(kLengthBytes + text.size() + total);
  std::byte* to = bytes.data();
  const std::uint64_t length = text.size();
  std::memcpy(to, &length, kLengthBytes);
  std::memcpy(to += kLengthBytes, text.data(), text.size());
  to += text.size();
  const NoGrad quiet;
  for (const auto& [name, x] : tensors) {
    const Tensor own = contiguous(x);
    const std::size_t size = static_cast<std::size_t>(own.numel()) * sizeof(float);
    if (size == 0) continue;
    const void* const from =
        own.dtype() == DType::float32 ? static_cast<const void*>(own.data()) : own.data<std::int32_t>();
    std::memcpy(to, from, size);
    to += size;
  }
  return bytes;
}

Checkpoint load_safetensors(std::span<const std::byte> bytes, bool allow_nonfinite) {
  std::uint64_t length = 0;
  if (bytes.size() >= kLengthBytes) std::memcpy(&length, bytes.data(), kLengthBytes);
  const bool headed = bytes.size() > kLengthBytes && length < bytes.size() && bytes[kLengthBytes] == std::byte{'{'};
  if (const auto other = detail::other_format(bytes); !headed && !other.empty()) fail(other);
  if (bytes.size() < kLengthBytes)
    fail("a file begins with the 8 bytes of its header's length, got " + std::to_string(bytes.size()) + " bytes");
  if (length > kMostHeader)
    fail("the header may have " + std::to_string(kMostHeader) + " bytes, got " + std::to_string(length));
  if (length > bytes.size() - kLengthBytes)
    fail("the header has " + std::to_string(length) + " bytes, but the file ends after " +
         std::to_string(bytes.size() - kLengthBytes) + " of them");
  const auto size = static_cast<std::size_t>(length);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, size);
  if (!text.starts_with('{')) fail("the header must be a JSON object and begin with {");
  const json header = detail::parse_object(kLoad, "the header", text);

  Checkpoint file;
  std::vector<Entry> entries;
  for (const auto& [key, described] : header.items())
    if (key == kMetadata)
      file.metadata = read_metadata(described);
    else
      entries.push_back(read_entry(key, described));
  const std::span<const std::byte> elements = bytes.subspan(kLengthBytes + size);
  check_cover(entries, elements.size());
  for (Entry& e : entries) {
    const auto own = elements.subspan(static_cast<std::size_t>(e.begin), static_cast<std::size_t>(e.end - e.begin));
    Tensor x = detail::read_elements(kLoad, detail::in_quotes(e.name), e.dtype, e.shape, own, allow_nonfinite);
    file.tensors.emplace_back(std::move(e.name), std::move(x));
  }
  return file;
}

}  // namespace attn
