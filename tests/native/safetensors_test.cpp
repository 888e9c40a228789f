// Safetensors: what other writers give, what we give, and every fault of a file.
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "attn/checkpoint.hpp"
#include "helpers.hpp"

using namespace test;
using attn::Checkpoint;
using attn::DType;
using attn::ErrorCode;
using attn::Metadata;
namespace nn = attn::nn;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(const std::string& name) {
  const std::string text = read_golden(name);
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// A file of this header, and of so many zeros after it.
Bytes file(const std::string& header, std::size_t zeros = 0) {
  Bytes out(8 + header.size() + zeros);
  const std::uint64_t length = header.size();
  std::memcpy(out.data(), &length, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  return out;
}

/// One tensor "w" as the header describes it.
std::string w(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"("w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}
std::string object(const std::string& inside) { return "{" + inside + "}"; }

void refused(std::initializer_list<std::string_view> pieces, const Bytes& bytes) {
  check_error(ErrorCode::format, "load_safetensors", pieces, [&] { attn::load_safetensors(bytes); });
}

void check_integers(const Tensor& got, std::initializer_list<std::int32_t> want) {
  REQUIRE(got.dtype() == DType::int32);
  CHECK(std::ranges::equal(got.values<std::int32_t>(), want));
}

}  // namespace

TEST_CASE("a file of another writer, with every dtype, reads to its numbers") {
  const Checkpoint got = attn::load_safetensors(bytes_of("dtypes.safetensors"));
  CHECK(got.metadata == Metadata{{"note", "写 by hand"}});
  std::string names;
  for (const auto& [name, x] : got.tensors) names += name + attn::to_string(x.shape()) + " ";
  CHECK(names == "bytes[3] half[2,3] brain[4] truth[2] single[] double[2] long[2] int[1,2] none[0,3] ");
  const auto at = [&](std::size_t i) { return got.tensors[i].second; };
  check_integers(at(0), {0, 7, 255});
  check_values(at(1), {1.5f, -65504, 0x1p-24f, -0.0f, 0.333251953125f, 0x1p-14f});
  CHECK(std::signbit(at(1).data()[3]));
  check_values(at(2), {1.5f, -123.5f, 0x1p-133f, 0x1.fep127f});
  check_integers(at(3), {1, 0});
  check_values(at(4), {-0.15625f});
  check_values(at(5), {0.1f, -3e38f});
  check_integers(at(6), {-2147483647 - 1, 2147483647});
  check_integers(at(7), {-5, 2147483647});
  CHECK(at(8).dtype() == DType::float32);
}

TEST_CASE("what is written is what the format asks, byte for byte, and reads back") {
  const Tensor weight = tensor({0, 1, -2.5f, 0.1f, 3e38f, 1e-45f}, {2, 3});
  const Tensor turned = attn::contiguous(attn::transpose(weight, 0, 1));
  const nn::NamedTensors tensors{{"weight", attn::transpose(turned, 0, 1)},  // a view
                                 {"bias", tensor({0.5f}, {})},
                                 {"empty", attn::zeros({2, 0})},
                                 {"偏置", integers({-1, 2147483647})}};
  const Metadata metadata{{"config", R"({"layers":2})"}};
  const Bytes bytes = attn::save_safetensors(tensors, metadata);
  CHECK(bytes == bytes_of("written.safetensors"));
  const Checkpoint again = attn::load_safetensors(bytes);
  CHECK(again.metadata == metadata);
  REQUIRE(again.tensors.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(again.tensors[i].first == tensors[i].first);
  check_same_bits(again.tensors[0].second, weight);
  check_same_bits(again.tensors[1].second, tensors[1].second);
  CHECK(again.tensors[2].second.shape() == Shape{2, 0});
  check_integers(again.tensors[3].second, {-1, 2147483647});
  CHECK(attn::load_safetensors(attn::save_safetensors({})).tensors.empty());
}

TEST_CASE("the elements begin at a multiple of 8 bytes") {
  for (std::string name = "a"; name.size() < 10; name += "a") {
    std::uint64_t length = 0;
    std::memcpy(&length, attn::save_safetensors({{name, attn::ones({1})}}).data(), 8);
    CHECK(length % 8 == 0);
  }
}

TEST_CASE("what cannot be written is refused") {
  const auto no = [](ErrorCode code, std::string_view piece, const nn::NamedTensors& tensors,
                     const Metadata& metadata = {}) {
    check_error(code, "save_safetensors", {piece}, [&] { attn::save_safetensors(tensors, metadata); });
  };
  const Tensor x = attn::ones({1});
  no(ErrorCode::type, "w must be a tensor", {{"w", Tensor()}});
  no(ErrorCode::format, "w comes twice", {{"w", x}, {"w", x}});
  no(ErrorCode::format, "__metadata__ is kept for the metadata", {{"__metadata__", x}});
  no(ErrorCode::format, "UTF-8", {{"\xff", x}});
  no(ErrorCode::format, "UTF-8", {{"w", x}}, {{"key", "\xc3"}});
}

TEST_CASE("a file that is cut off anywhere is refused, and so is one with a byte too many") {
  for (const char* name : {"dtypes.safetensors", "written.safetensors"}) {
    Bytes bytes = bytes_of(name);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      check_error(ErrorCode::format, "load_safetensors", {},
                  [&] { attn::load_safetensors(std::span(bytes).first(size)); });
    bytes.push_back({});
    refused({"1 bytes after the last tensor"}, bytes);
  }
}

TEST_CASE("a header that is too long, or no header, is refused") {
  refused({"header", "length", "0 bytes"}, {});
  Bytes bytes = file("{}");
  CHECK(attn::load_safetensors(bytes).tensors.empty());
  bytes[0] = std::byte{3};
  refused({"header has 3 bytes", "after 2"}, bytes);
  const std::uint64_t huge = 100'000'001, most = ~std::uint64_t{0};
  for (const std::uint64_t length : {huge, most}) {
    std::memcpy(bytes.data(), &length, 8);
    refused({"100000000", std::to_string(length)}, bytes);
  }
  refused({"begin with {"}, file(""));
  refused({"begin with {"}, file("[]"));
  refused({"begin with {"}, file(" {}"));
  refused({"not JSON"}, file("{"));
  refused({"not JSON"}, file("{}{}"));
  refused({"not JSON"}, file(object("\"\xff\":1")));
  refused({"not JSON"}, file(object("\"a\":1e999")));
  CHECK(attn::load_safetensors(file("{}   \n")).tensors.empty());
}

TEST_CASE("a key that comes twice, or nesting without end, is refused") {
  const std::string one = w("F32", "[1]", "[0,4]");
  refused({"\"w\"", "twice"}, file(object(one + "," + one), 4));
  refused({"\"dtype\"", "twice"},
          file(object(R"("w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 4));
  refused({"\"a\"", "twice"}, file(object(R"("__metadata__":{"a":"1","a":"2"})")));
  CHECK(attn::load_safetensors(file(object(R"("__metadata__":{"w":"1"},)" + one), 4)).tensors.size() == 1);
  for (const std::string part : {"[", "{\"a\":"}) {
    std::string deep = "{\"w\":";
    for (int i = 0; i < 200'000; ++i) deep += part;
    refused({"nested"}, file(deep));
  }
  refused({"nested"}, file(object(w("F32", "[[1]]", "[0,4]")), 4));
}

TEST_CASE("metadata other than text is refused") {
  refused({"__metadata__", "object", "[]"}, file(object(R"("__metadata__":[])")));
  refused({"__metadata__", "\"a\"", "string", "1"}, file(object(R"("__metadata__":{"a":1})")));
}

TEST_CASE("a tensor that is described badly is refused, and named") {
  const auto no = [](std::initializer_list<std::string_view> pieces, const std::string& header) {
    refused(pieces, file(object(header), 4));
    refused({"\"w\""}, file(object(header), 4));
  };
  no({"object", "3"}, R"("w":3)");
  no({"no dtype"}, R"("w":{"shape":[1],"data_offsets":[0,4]})");
  no({"no shape"}, R"("w":{"dtype":"F32","data_offsets":[0,4]})");
  no({"no data_offsets"}, R"("w":{"dtype":"F32","shape":[1]})");
  for (const char* dtype : {"F8_E4M3", "I16", "f32", "", "C64"}) no({"dtype", dtype}, w(dtype, "[1]", "[0,4]"));
  no({"dtype", "7"}, R"("w":{"dtype":7,"shape":[1],"data_offsets":[0,4]})");
  no({"F64 [1] needs 8 bytes"}, w("F64", "[1]", "[0,4]"));
  no({"shape", "array"}, w("F32", "1", "[0,4]"));
  no({"shape", "-1"}, w("F32", "[-1]", "[0,4]"));
  no({"shape", "1.0"}, w("F32", "[1.0]", "[0,4]"));
  no({"shape", "null"}, w("F32", "[null]", "[0,4]"));
  no({"shape", "1.8446744073709552e+19"}, w("F32", "[18446744073709551616]", "[0,4]"));
  for (const char* shape : {"[18446744073709551615]", "[4611686018427387905]", "[4294967296,4294967297]",
                            "[9223372036854775807,2,0]", "[0,9223372036854775807,2]", "[2147483648,2147483648,4,1]"})
    no({"too large"}, w("F32", shape, "[0,4]"));
  no({"data_offsets", "2 numbers"}, w("F32", "[1]", "[0]"));
  no({"data_offsets", "2 numbers"}, w("F32", "[1]", "4"));
  no({"data_offsets", "-4"}, w("F32", "[1]", "[-4,0]"));
  no({"data_offsets", "\"0\""}, w("F32", "[1]", "[\"0\",4]"));
  no({"reversed", "[4,0]"}, w("F32", "[1]", "[4,0]"));
  no({"needs 4 bytes", "[0,3]"}, w("F32", "[1]", "[0,3]"));
  no({"needs 8 bytes", "[0,4]"}, w("I32", "[2]", "[0,4]"));
  no({"needs 0 bytes"}, w("F32", "[0]", "[0,4]"));
  no({"ends at byte 18446744073709551615", "4"}, w("F32", "[1]", "[18446744073709551611,18446744073709551615]"));
  no({"ends at byte 8", "4"}, w("F32", "[2]", "[0,8]"));
  no({"bytes 0 to 2", "no tensor"}, w("U8", "[2]", "[2,4]"));
}

TEST_CASE("tensors that overlap, leave holes or leave bytes over are refused") {
  const auto two = [](const std::string& a, const std::string& b) {
    return object(R"("v":{"dtype":"U8","shape":[4],"data_offsets":)" + a + "}," + w("U8", "[4]", b));
  };
  CHECK(attn::load_safetensors(file(two("[4,8]", "[0,4]"), 8)).tensors[0].first == "w");
  // One without elements may stand where another begins, whatever their names.
  CHECK(attn::load_safetensors(
            file(object(w("U8", "[4]", "[0,4]") + R"(,"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})"), 4))
            .tensors.size() == 2);
  refused({"\"w\"", "byte 2", "overlaps"}, file(two("[0,4]", "[2,6]"), 8));
  refused({"\"w\"", "byte 0", "overlaps"}, file(two("[0,4]", "[0,4]"), 4));
  refused({"bytes 4 to 5", "\"w\""}, file(two("[0,4]", "[5,9]"), 9));
  refused({"2 bytes after"}, file(two("[0,4]", "[4,8]"), 10));
}

TEST_CASE("elements without a place in float32 or int32 are refused") {
  const auto one = [](const std::string& dtype, auto value) {
    Bytes bytes = file(object(w(dtype, "[2]", "[0," + std::to_string(2 * sizeof value) + "]")), 2 * sizeof value);
    std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
    return bytes;
  };
  refused({"element 1", "\"w\"", "int32"}, one("I64", std::int64_t{1} << 31));
  refused({"element 1", "\"w\"", "int32"}, one("I64", -(std::int64_t{1} << 31) - 1));
  refused({"element 1", "\"w\"", "float32"}, one("F64", 1e39));
  refused({"element 1", "\"w\"", "0 or 1"}, one("BOOL", std::uint8_t{2}));
  const auto odd = [&](std::string_view what, const Bytes& bytes) {
    refused({"element 1", "\"w\"", what}, bytes);
    return attn::load_safetensors(bytes, true).tensors[0].second.data()[1];
  };
  CHECK(std::isnan(odd("nan", one("F32", kNan))));
  CHECK(odd("inf", one("F32", kInf)) == kInf);
  CHECK(std::isnan(odd("nan", one("F64", static_cast<double>(kNan)))));
  CHECK(odd("-inf", one("F64", -static_cast<double>(kInf))) == -kInf);
  CHECK(odd("-inf", one("F16", std::uint16_t{0xfc00})) == -kInf);
  CHECK(std::isnan(odd("nan", one("F16", std::uint16_t{0x7e01}))));
  CHECK(odd("inf", one("BF16", std::uint16_t{0x7f80})) == kInf);
}

TEST_CASE("a file of another kind is called by its name, with what to do about it") {
  using namespace std::string_literals;
  const auto is = [](const std::string& content, std::initializer_list<std::string_view> pieces) {
    const auto bytes = std::as_bytes(std::span(content));
    refused(pieces, {bytes.begin(), bytes.end()});
  };
  const std::string rest(100, '\0');
  is("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", {"Git LFS pointer", "git lfs pull"});
  for (const char* page :
       {"<!DOCTYPE html>\n<html lang=\"en\">", "\xef\xbb\xbf\r\n  <!doctype HTML><title>404", "<html>"})
    is(page, {"HTML page", "address"});
  is("PK\x03\x04\0\0\x08\x08"s + rest, {"zip archive", "torch.save", "safetensors.torch.save_file"});
  for (const char* protocol : {"\x02", "\x03", "\x04", "\x05"})
    is("\x80"s + protocol + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + rest,
       {"pickle", "torch.save", "safetensors.torch.save_file"});
  is("\x80\x04\x95\x05\0\0\0\0"s + rest, {"pickle"});  // whose first bytes would be a header's length
  is("\x93NUMPY\x01\0v\0{'descr': '<f4'"s + rest, {"NumPy", "safetensors.numpy.save_file"});
  is("\x1f\x8b\x08\0"s + rest, {"gzip", "unpack"});

  // A length that only looks like one of these is a length.
  for (const std::size_t length : {0x0280u, 0x8b1fu}) {
    std::string header = object(w("F32", "[1]", "[0,4]"));
    header.resize(length, ' ');
    CHECK(attn::load_safetensors(file(header, 4)).tensors.size() == 1);
  }
}
