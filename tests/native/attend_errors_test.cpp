// Everything that can be wrong with the arguments of attention: the code, the operator, what was expected and the
// shapes.
#include "attention_helpers.hpp"

using namespace test;
using attn::AttendOptions;
using attn::ErrorCode;
using attn::Score;

namespace {

using Pieces = std::initializer_list<std::string_view>;

Tensor of(const Shape& shape) { return attn::ones(shape); }

void both_fail(ErrorCode code, Pieces pieces, const Tensor& q, const Tensor& k, const Tensor& v,
               const attn::Mask& mask = {}) {
  AttendOptions o;
  o.mask = mask;
  check_error(code, "attend", pieces, [&] { attn::attend(q, k, v, o); });
  check_error(code, "scaled_dot_product_attention", pieces,
              [&] { attn::scaled_dot_product_attention(q, k, v, {mask}); });
}

void attend_fails(ErrorCode code, Pieces pieces, const AttendOptions& o, const Shape& q = {2, 4},
                  const Shape& k = {3, 4}, const Shape& v = {3, 4}) {
  check_error(code, "attend", pieces, [&] { attn::attend(of(q), of(k), of(v), o); });
}

}  // namespace

TEST_CASE("shapes of query, key and value must fit one another") {
  both_fail(ErrorCode::shape, {"query", "[4]"}, of({4}), of({4}), of({4}));
  both_fail(ErrorCode::shape, {"query", "[1,1,1,2,4]"}, of({1, 1, 1, 2, 4}), of({1, 1, 1, 2, 4}), of({1, 1, 1, 2, 4}));
  both_fail(ErrorCode::shape, {"key", "[2,4]", "[1,3,4]"}, of({2, 4}), of({1, 3, 4}), of({3, 4}));
  both_fail(ErrorCode::shape, {"value", "[2,4]", "[1,3,4]"}, of({2, 4}), of({3, 4}), of({1, 3, 4}));
  both_fail(ErrorCode::shape, {"key must end in 1 to match query [3,1], got [3,5]"}, of({3, 1}), of({3, 5}),
            of({3, 5}));
  both_fail(ErrorCode::shape, {"value must have 3 rows", "[3,4]", "[2,4]"}, of({2, 4}), of({3, 4}), of({2, 4}));
  both_fail(ErrorCode::shape, {"key", "[2,2,4]", "[3,3,4]"}, of({2, 2, 4}), of({3, 3, 4}), of({3, 3, 4}));
  both_fail(ErrorCode::shape, {"value", "[2,2,4]", "[3,3,4]"}, of({2, 2, 4}), of({2, 3, 4}), of({3, 3, 4}));
  both_fail(ErrorCode::shape, {"query", "[2,0]"}, of({2, 0}), of({3, 0}), of({3, 4}));
  both_fail(ErrorCode::shape, {"query", "[]"}, of({}), of({3, 4}), of({3, 4}));
}

TEST_CASE("masks must fit the scores") {
  attn::Mask mask;
  const auto fails = [&](ErrorCode code, Pieces pieces) {
    both_fail(code, pieces, of({2, 5, 4}), of({2, 3, 4}), of({2, 3, 4}), mask);
  };
  mask.window = -1;
  fails(ErrorCode::range, {"window", "-1"});
  mask = {};
  mask.lengths = integers({1});
  fails(ErrorCode::shape, {"one length for each batch", "2", "1"});
  mask.lengths = integers({1, 4});
  fails(ErrorCode::range, {"from 0 to 3", "4"});
  mask.lengths = integers({-1, 3});
  fails(ErrorCode::range, {"from 0 to 3", "-1"});
  mask.lengths = attn::ones({2});
  fails(ErrorCode::type, {"int32", "float32"});
  mask = {};
  for (const Shape& shape : {Shape{5, 4}, {4, 3}, {3, 5, 3}, {1, 2, 5, 3}, {2}}) {
    mask.additive = of(shape);
    fails(ErrorCode::shape, {"[2,5,3]", attn::to_string(shape)});
  }
  mask.additive = attn::ones({4}, attn::DType::int32);
  fails(ErrorCode::shape, {"[2,5,3]", "[4]"});
}

TEST_CASE("heads must divide every width, and not be given twice") {
  AttendOptions o;
  o.heads = 0;
  attend_fails(ErrorCode::range, {"heads", "0"}, o);
  o.heads = -2;
  attend_fails(ErrorCode::range, {"heads", "-2"}, o);
  o.heads = 3;
  attend_fails(ErrorCode::shape, {"multiple", "3", "[2,4]"}, o);
  o.heads = 2;
  attend_fails(ErrorCode::shape, {"multiple", "2", "[3,5]"}, o, {2, 4}, {3, 4}, {3, 5});
  attend_fails(ErrorCode::shape, {"heads", "[1,1,2,4]"}, o, {1, 1, 2, 4}, {1, 1, 3, 4}, {1, 1, 3, 4});
  o.score = Score::general;
  o.weight = of({2, 2});
  attend_fails(ErrorCode::shape, {"multiple", "2", "[3,5]"}, o, {2, 4}, {3, 5}, {3, 4});
}

TEST_CASE("temperature and scale must be usable numbers") {
  AttendOptions o;
  for (const double bad : {0.0, -1.0, static_cast<double>(kNan), static_cast<double>(kInf)}) {
    o.temperature = bad;
    attend_fails(ErrorCode::range, {"temperature"}, o);
  }
  o.temperature = 1;
  for (const double bad : {static_cast<double>(kNan), static_cast<double>(kInf)}) {
    o.scale = bad;
    attend_fails(ErrorCode::range, {"scale"}, o);
    check_error(ErrorCode::range, "scaled_dot_product_attention", {"scale"}, [&] {
      attn::scaled_dot_product_attention(of({2, 4}), of({3, 4}), of({3, 4}), {{}, bad});
    });
  }
}

TEST_CASE("a score function's weights must be there and fit") {
  AttendOptions o;
  o.score = Score::general;
  attend_fails(ErrorCode::shape, {"weight", "[4,4]"}, o);
  o.weight = of({4, 3});
  attend_fails(ErrorCode::shape, {"weight", "[4,4]", "[4,3]"}, o);
  attend_fails(ErrorCode::shape, {"weight", "[4,2]", "[4,3]"}, o, {2, 4}, {3, 2});
  o.score = Score::location;
  attend_fails(ErrorCode::shape, {"weight", "[3,4]", "[4,3]"}, o);
  o.weight = of({3, 4});
  o.bias = of({4});
  attend_fails(ErrorCode::shape, {"bias", "[3]", "[4]"}, o);
  o.weight = {};
  attend_fails(ErrorCode::shape, {"weight", "[3,4]"}, o);

  o = {};
  o.score = Score::additive;
  attend_fails(ErrorCode::shape, {"score"}, o);
  o.score_vector = of({5});
  attend_fails(ErrorCode::shape, {"[5,4]"}, o);
  o.query_weight = of({5, 4});
  attend_fails(ErrorCode::shape, {"[5,4]"}, o);
  o.key_weight = of({5, 3});
  attend_fails(ErrorCode::shape, {"[5,4]", "[5,3]"}, o);
  o.key_weight = of({5, 4});
  o.query_weight = of({4, 5});
  attend_fails(ErrorCode::shape, {"[5,4]", "[4,5]"}, o);
  o.query_weight = of({5, 4});
  o.score_vector = of({5, 1});
  attend_fails(ErrorCode::shape, {"[5]", "[5,1]"}, o);
}

TEST_CASE("int32 is refused by name, in every place") {
  const Tensor whole = attn::ones({3, 4}, attn::DType::int32), real = of({3, 4});
  both_fail(ErrorCode::type, {"float32", "int32"}, whole, real, real);
  both_fail(ErrorCode::type, {"float32", "int32"}, real, whole, real);
  both_fail(ErrorCode::type, {"float32", "int32"}, real, real, whole);
  for (const auto place : {&AttendOptions::weight, &AttendOptions::bias, &AttendOptions::query_weight,
                           &AttendOptions::key_weight, &AttendOptions::score_vector}) {
    AttendOptions o;
    o.*place = whole;
    attend_fails(ErrorCode::type, {"float32", "int32"}, o);
  }
}

TEST_CASE("on views, an error comes before an output is touched, and the next call works") {
  const Tensor q = of({2, 4}), k = of({3, 5}), scores = attn::full({2, 3}, 7), out = attn::full({2, 5}, 7);
  const attn::ops::AttendOut all{scores.out(), scores.out(), scores.out(), scores.out(), out.out()};
  check_error(ErrorCode::shape, "attend", {"[2,4]", "[3,5]"},
              [&] { attn::ops::attend(q.view(), k.view(), k.view(), {}, all); });
  check_error(ErrorCode::shape, "scaled_dot_product_attention", {"[2,4]", "[3,5]"},
              [&] { attn::ops::scaled_dot_product_attention(q.view(), k.view(), k.view(), {}, out.out()); });
  attn::ops::SdpaOptions options;
  options.mask.window = -1;
  const Tensor fits = of({3, 4});
  check_error(ErrorCode::range, "scaled_dot_product_attention", {"window"},
              [&] { attn::ops::scaled_dot_product_attention(q.view(), fits.view(), k.view(), options, out.out()); });
  check_all(
      scores, [](float x) { return x == 7; }, "untouched");
  check_all(
      out, [](float x) { return x == 7; }, "untouched");
  attn::ops::scaled_dot_product_attention(q.view(), fits.view(), k.view(), {}, out.out());
  check_all(
      out, [](float x) { return x == 1; }, "1");
}

TEST_CASE("the shapes of results can be asked for beforehand") {
  const Tensor q = of({2, 5, 4}), k = of({2, 3, 4}), v = of({2, 3, 6});
  attn::ops::AttendOptions o;
  CHECK(attn::ops::attend_shapes(q.view(), k.view(), v.view(), o).scores == Shape{2, 5, 3});
  o.heads = 2;
  CHECK(attn::ops::attend_shapes(q.view(), k.view(), v.view(), o).scores == Shape{2, 2, 5, 3});
  CHECK(attn::ops::attend_shapes(q.view(), k.view(), v.view(), o).output == Shape{2, 5, 6});
  CHECK(attn::ops::sdpa_shape(q.view(), k.view(), v.view(), {}) == Shape{2, 5, 6});
}
