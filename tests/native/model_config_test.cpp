// Configs as JSON, models by name, and padding from lengths.
#include "helpers.hpp"
#include "models/config.hpp"
#include "models/models.hpp"
#include "models/padding.hpp"

using namespace test;
using attn::ErrorCode;
using namespace attn::models;

namespace {

/// One field of each kind.
struct Config {
  Index width, steps = 0;
  bool bias = true;
  double dropout = 0.25;
  Positions positions = Positions::learned;
  double range = 0;

  void fields(Fields& f) {
    f.size("width", width);
    f.integer("steps", steps);
    f.flag("bias", bias);
    f.probability("dropout", dropout);
    f.choice("positions", positions, {Positions::learned, Positions::rotary, Positions::none});
    f.deviation("range", range);
  }
};

Config read(std::string_view text) { return read_config<Config>("Model", text); }
std::string round_trip(std::string_view text) { return write_config("Model", read(text)); }

}  // namespace

TEST_CASE("a config reads every field that JSON has, and keeps the others") {
  CHECK(round_trip(R"({"width":3})") ==
        R"({"width":3,"steps":0,"bias":true,"dropout":0.25,"positions":"learned","range":0.0})");
  constexpr const char* all = R"({"width":5,"steps":7,"bias":false,"dropout":0.1,"positions":"rotary","range":2.5})";
  CHECK(round_trip(all) == all);
  const Config config = read(all);
  CHECK(config.width == 5);
  CHECK(config.steps == 7);
  CHECK_FALSE(config.bias);
  CHECK(config.dropout == 0.1);
  CHECK(config.range == 2.5);
  CHECK(config.positions == Positions::rotary);
  CHECK(read(R"({"width":1,"dropout":1})").dropout == 1);  // a whole number is a number
}

TEST_CASE("a config names the key that is wrong") {
  const auto refuses = [](ErrorCode code, std::initializer_list<std::string_view> pieces, std::string_view text) {
    CAPTURE(std::string(text));
    check_error(code, "Model", pieces, [&] { read(text); });
  };
  refuses(ErrorCode::range, {"width must be given, got none"}, "{}");
  refuses(ErrorCode::range, {"width must be at least 1, got 0"}, R"({"width":0})");
  refuses(ErrorCode::range, {"steps must be at least 0, got -1"}, R"({"width":1,"steps":-1})");
  refuses(ErrorCode::range, {"width must be", "fits in memory", "18446744073709551615"},
          R"({"width":18446744073709551615})");
  refuses(ErrorCode::type, {"width must be an integer, got 1.5"}, R"({"width":1.5})");
  refuses(ErrorCode::type, {"width must be an integer, got null"}, R"({"width":null})");
  refuses(ErrorCode::type, {"bias must be true or false, got 1"}, R"({"width":1,"bias":1})");
  refuses(ErrorCode::type, {"dropout must be a number, got \"0.1\""}, R"({"width":1,"dropout":"0.1"})");
  refuses(ErrorCode::range, {"dropout must be from 0 to 1, got 1.5"}, R"({"width":1,"dropout":1.5})");
  refuses(ErrorCode::range, {"range must be at least 0 and finite, got -0.5"}, R"({"width":1,"range":-0.5})");
  refuses(ErrorCode::type, {"range must be a number, got \"0.1\""}, R"({"width":1,"range":"0.1"})");
  refuses(ErrorCode::type, {"positions must be a string, got array"}, R"({"width":1,"positions":["none"]})");
  refuses(ErrorCode::range, {"positions must be learned, rotary or none, got alibi"},
          R"({"width":1,"positions":"alibi"})");
  refuses(ErrorCode::range, {"among width, steps, bias, dropout, positions, range, got widths"},
          R"({"width":1,"widths":2})");
  refuses(ErrorCode::format, {"JSON object", "no JSON"}, R"({"width":1)");
  refuses(ErrorCode::format, {"JSON object", "no JSON"}, "");
  refuses(ErrorCode::format, {"JSON object", "array"}, "[]");
  const std::string deep(200000, '[');  // deeper than a stack that would print it
  refuses(ErrorCode::type, {"width", "array"}, R"({"width":)" + deep + std::string(deep.size(), ']') + "}");
}

TEST_CASE("a config made in C++ is checked as one from JSON is") {
  check_error(ErrorCode::range, "Model", {"width", "at least 1", "0"}, [] { checked("Model", Config{.width = 0}); });
  check_error(ErrorCode::range, "Model", {"dropout", "nan"},
              [] { checked("Model", Config{.width = 1, .dropout = kNan}); });
  check_error(ErrorCode::range, "Model", {"range", "inf"}, [] { checked("Model", Config{.width = 1, .range = kInf}); });
  check_error(ErrorCode::range, "Model", {"positions must be learned, rotary or none", "another"},
              [] { checked("Model", Config{.width = 1, .positions = Positions::alibi}); });
  CHECK(checked("Model", Config{.width = 4}).width == 4);
}

TEST_CASE("a model of a kind that is not there") {
  check_error(ErrorCode::range, "make", {"kind must be one of", "got rnn"}, [] { make("rnn", "{}"); });
}

TEST_CASE("padding from lengths") {
  const Tensor mask = padding_mask(integers({2, 0, 3}), 3);
  CHECK(mask.shape() == Shape{3, 3});
  const std::vector<std::int32_t> want{0, 0, 1, 1, 1, 1, 0, 0, 0};
  CHECK(std::ranges::equal(mask.values<std::int32_t>(), want));
  check_error(ErrorCode::range, "padding_mask", {"from 0 to 3", "got 4"}, [] { padding_mask(integers({4}), 3); });
  check_error(ErrorCode::range, "padding_mask", {"from 0 to 3", "got -1"}, [] { padding_mask(integers({-1}), 3); });
  check_error(ErrorCode::type, "padding_mask", {"int32", "float32"}, [] { padding_mask(tensor({1}, {1}), 3); });
  check_error(ErrorCode::type, "padding_mask", {"int32", "none"}, [] { padding_mask({}, 3); });
  check_error(ErrorCode::shape, "padding_mask", {"[B]", "[1,1]"}, [] { padding_mask(integers({1}, {1, 1}), 3); });
}

TEST_CASE("a model's config names its keys, and a text of somebody else's is marked where it is refused") {
  CHECK(config_keys("gpt") == std::vector<std::string>{"vocab_size", "max_length", "d_model", "num_heads", "num_layers",
                                                       "num_kv_heads", "dim_feedforward", "dropout", "activation",
                                                       "norm", "positions", "bias", "tie_weights",
                                                       "initializer_range"});
  for (const char* kind : {"classifier", "vit", "seq2seq", "transformer"}) CHECK(config_keys(kind).size() > 8);
  const auto marked = [](std::string_view json) {
    try {
      read(json);
    } catch (const attn::Error& error) {
      return error.marked();
    }
    return std::string();
  };
  CHECK(marked(R"({"width":3,"positions":"in_turn"})").ends_with("got \x02in_turn\x03"));
  CHECK(marked(R"({"width":"so_wide"})").ends_with("got \x02\"so_wide\"\x03"));
  CHECK(marked(R"({"width":3,"a_b":1})")
            .ends_with("got \x02"
                       "a_b\x03"));
}
