// The documents' worked examples, computed by the core and checked against the oracle's numbers. Every number of
// `computed` must be visited: a row that is added to the file and not to this test fails it.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "golden.hpp"

using namespace test;
using attn::ErrorCode;
using attn::Normalizer;
using attn::Score;
using attn::ops::Binary;
using attn::ops::Reduction;
using nlohmann::json;

namespace {

/// Column sums that the documents print without the columns: nothing in `inputs` or `claimed` to add up.
const std::set<std::string> not_computable = {"/C3/computed/claimed_column_actually_sums_to",
                                              "/C4/computed/claimed_column_actually_sums_to"};

class Documents {
 public:
  Documents() {
    std::ifstream file(ATTN_EXAMPLES_JSON);
    REQUIRE_MESSAGE(file, "cannot read " << ATTN_EXAMPLES_JSON);
    all_ = json::parse(file);
  }

  Tensor input(const std::string& id, const std::string& name) const {
    return golden::nested_tensor(all_.at(id).at("inputs").at(name));
  }
  Tensor claimed(const std::string& id, const std::string& name) const {
    return golden::nested_tensor(all_.at(id).at("claimed").at(name));
  }
  Shape shape(const std::string& id, const std::string& name) const {
    return all_.at(id).at("inputs").at(name).get<Shape>();
  }

  /// Row `id`'s oracle at `path` below `computed`, to 1e-6·max(1,|x|).
  void check(const std::string& id, const std::string& path, const Tensor& got) {
    const json::json_pointer at("/" + id + "/computed/" + path);
    CAPTURE(at.to_string());
    const json& want = all_.at(at);
    visit(want, at);
    const Array expected{golden::nested_tensor(want).shape(), ordered(want)};
    check_close(got, expected, reference::map([](double x) { return 1e-6 * std::max(1.0, std::abs(x)); }, expected));
  }

  void check(const std::string& id, const std::string& path, const attn::Attention& got) {
    check(id, path + "scores", got.scores);
    if (all_.contains(json::json_pointer("/" + id + "/computed/" + path + "scaled")))
      check(id, path + "scaled", got.scaled);
    check(id, path + "weights", got.weights);
    check(id, path + "output", got.output);
  }

  /// Numbers of `computed` that nobody asked for.
  std::vector<std::string> unvisited() const {
    std::vector<std::string> left;
    for (const auto& [id, row] : all_.items())
      collect(row.at("computed"), json::json_pointer("/" + id + "/computed"), left);
    return left;
  }

 private:
  static std::vector<double> ordered(const json& numbers) {
    if (!numbers.is_array()) return {numbers.get<double>()};
    std::vector<double> out;
    for (const auto& part : numbers)
      for (const double x : ordered(part)) out.push_back(x);
    return out;
  }

  void visit(const json& part, const json::json_pointer& at) {
    if (part.is_array())
      for (std::size_t i = 0; i < part.size(); ++i) visit(part[i], at / i);
    else
      visited_.insert(at.to_string());
  }

  void collect(const json& part, const json::json_pointer& at, std::vector<std::string>& left) const {
    if (part.is_object())
      for (const auto& [key, value] : part.items()) collect(value, at / key, left);
    else if (part.is_array())
      for (std::size_t i = 0; i < part.size(); ++i) collect(part[i], at / i, left);
    else if (part.is_number() && !visited_.count(at.to_string()))
      left.push_back(at.to_string());
  }

  json all_;
  std::set<std::string> visited_;
};

attn::AttendOptions scored(Score score, std::optional<double> scale = {}, Normalizer normalizer = Normalizer::softmax) {
  attn::AttendOptions o;
  o.score = score;
  o.scale = scale;
  o.normalizer = normalizer;
  return o;
}

Tensor scaled(const Tensor& a, double factor) { return times(a, attn::full({}, static_cast<float>(factor))); }
Tensor sum(const Tensor& x, Index dim) { return attn::reduce(Reduction::sum, x, dim); }
Tensor row(const Tensor& x) { return attn::reshape(x, {1, x.numel()}); }
Tensor column(const Tensor& x) { return attn::reshape(x, {x.numel(), 1}); }

void check_primer(Documents& d) {
  const Tensor q = d.input("A1", "q"), k = d.input("A1", "k"), v = d.input("A1", "v");
  d.check("A1", "scaled_dot/", attn::attend(q, k, v));
  d.check("A1", "dot/", attn::attend(q, k, v, scored(Score::dot)));

  const Tensor scores = sum(times(d.input("A2", "q"), d.input("A2", "k")), 1), weights = attn::softmax(scores, 0);
  const Tensor weighted = times(column(weights), d.input("A2", "v"));
  d.check("A2", "scores", scores);
  d.check("A2", "weights", weights);
  d.check("A2", "weighted_value", weighted);
  d.check("A2", "output", sum(weighted, 1));
  check_error(ErrorCode::shape, "mul", {"[3]", "[3,2]"}, [&] { times(weights, d.input("A2", "v")); });

  for (const auto& [score, path] : {std::pair{Score::sqrt_norm, "sqrt_norm/"}, {Score::cosine, "cosine/"}})
    d.check("A3", path, attn::attend(d.input("A3", "q"), d.input("A3", "k"), d.input("A3", "v"), scored(score)));

  const attn::Attention a4 = attn::attend(d.input("A4", "q"), d.input("A4", "k"), d.input("A4", "v"));
  d.check("A4", "", a4);
  d.check("A4", "row_sum", sum(a4.output, 1));

  check_error(ErrorCode::shape, "attend", {"[3,1]", "[3,5]"}, [&] {
    attn::attend(attn::ones(d.shape("A5", "q_shape")), attn::ones(d.shape("A5", "k_shape")),
                 attn::ones(d.shape("A5", "v_shape")));
  });
}

void check_encoding(Documents& d) {
  const Tensor embeddings = d.input("B1", "embeddings"), values = d.input("B1", "values");
  const Tensor encoding = attn::sinusoidal(embeddings.size(0), embeddings.size(1));
  const Tensor both = attn::binary(Binary::add, embeddings, encoding);
  d.check("B1", "positional_encoding", encoding);
  d.check("B1", "without_position/", attn::attend(embeddings, embeddings, values));
  d.check("B1", "with_position/", attn::attend(both, both, values));
}

void check_core_of_the_encoder(Documents& d) {
  const Tensor sequence = d.input("C1", "sequence"), state = row(d.input("C1", "decoder_state"));
  const attn::Attention by_sum = attn::attend(state, sequence, sequence, scored(Score::dot, {}, Normalizer::sum));
  const attn::Attention by_softmax = attn::attend(state, sequence, sequence, scored(Score::dot));
  const auto flat = [](const Tensor& x) { return attn::reshape(x, {-1}); };
  d.check("C1", "similarities", flat(by_sum.scores));
  d.check("C1", "sum_normalised", flat(by_sum.weights));
  d.check("C1", "softmax", flat(by_softmax.weights));
  d.check("C1", "output_sum_normalised", flat(by_sum.output));
  d.check("C1", "output_softmax", flat(by_softmax.output));

  const Tensor x = d.input("C2", "x"), h = d.input("C2", "h"), kt = d.input("C2", "k_transposed");
  const Tensor product = attn::matmul(x, kt), weights = attn::softmax(scaled(product, 1 / std::sqrt(3)), 1);
  d.check("C2", "product", product);
  d.check("C2", "weights", weights);
  d.check("C2", "corrected_cross_attention/", attn::attend(h, x, x));
  d.check("C2", "claimed_column_actually_sums_to",
          attn::reshape(attn::slice(sum(d.claimed("C2", "weighted_context"), 0), 0, 0, 1), {}));
  check_error(ErrorCode::shape, "matmul", {"[5,3]"}, [&] { attn::matmul(x, weights); });

  attn::AttendOptions bahdanau = scored(Score::additive);
  bahdanau.query_weight = d.input("C3", "corrected_w_query");
  bahdanau.key_weight = d.input("C3", "corrected_w_key");
  bahdanau.score_vector = d.input("C3", "corrected_v");
  d.check("C3", "corrected_bahdanau/",
          attn::attend(d.input("C3", "h"), d.input("C3", "x"), d.input("C3", "x"), bahdanau));
  check_error(ErrorCode::shape, "matmul", {"[5,3]"},
              [&] { attn::matmul(d.input("C3", "w_q_printed"), d.input("C3", "h")); });

  const Tensor c4 = attn::matmul(d.input("C4", "x"), d.input("C4", "k_transposed"));
  d.check("C4", "weights_scaled_once", attn::softmax(scaled(c4, 1 / std::sqrt(3)), 1));
  d.check("C4", "weights_scaled_twice", attn::softmax(scaled(c4, 1.0 / 3), 1));

  const Tensor four = d.input("C5", "x_first_four_rows"), wide = d.input("C5", "x_widened");
  const Tensor halves = attn::reshape(four, {2, 2, 3});
  attn::AttendOptions heads;
  heads.heads = 2;
  const attn::Attention split = attn::attend(wide, wide, wide, heads);
  d.check("C5", "split_the_sequence_as_printed", attn::reshape(attn::attend(halves, halves, halves).output, {4, 3}));
  d.check("C5", "split_the_features", split.output);
  d.check("C5", "head_weights", split.weights);

  const Tensor c6 = d.input("C6", "x"), alone = attn::reshape(c6, {5, 1, 3});
  d.check("C6", "each_row_alone_as_printed", attn::reshape(attn::attend(alone, alone, alone).output, {5, 3}));
  d.check("C6", "self_attention/", attn::attend(c6, c6, c6));
}

void check_variants(Documents& d) {
  const Tensor x = d.input("D1", "x");
  const auto location = [&](Normalizer normalizer) {
    attn::AttendOptions o = scored(Score::location, {}, normalizer);
    o.weight = d.input("D1", "w");
    o.bias = d.input("D1", "b");
    return attn::attend(row(x), column(x), column(x), o);
  };
  const attn::Attention once = location(Normalizer::softmax), twice = location(Normalizer::double_softmax);
  d.check("D1", "a", attn::reshape(once.weights, {3}));
  d.check("D1", "alpha_second_softmax", attn::reshape(twice.weights, {3}));
  d.check("D1", "y_double_softmax", attn::reshape(twice.output, {}));
  d.check("D1", "y_single_softmax", attn::reshape(once.output, {}));

  const Tensor e = sum(times(d.input("E1", "w"), d.input("E1", "x")), 1);
  d.check("E1", "e", e);
  d.check("E1", "weights", attn::softmax(e, 0));

  const Tensor e2 = d.input("E2", "x");
  d.check("E2", "values_are_keys/", attn::attend(e2, e2, e2));

  const Tensor q = d.input("E3", "q"), k = d.input("E3", "k"),
               tokens = attn::stack({d.input("E3", "x1"), d.input("E3", "x2")}, 0);
  d.check("E3", "elementwise_softmax", attn::softmax(scaled(times(q, k), 1 / std::sqrt(6)), 0));
  d.check("E3", "one_query_one_key_weight", attn::reshape(attn::attend(row(q), row(k), row(k)).weights, {}));
  d.check("E3", "both_tokens/", attn::attend(tokens, tokens, tokens));

  const Tensor batch = d.input("E4", "x_batched");
  const Tensor scores = scaled(attn::matmul(batch, attn::transpose(batch, 1, 2)), 1 / std::sqrt(3));
  d.check("E4", "softmax_axis_1_as_printed", attn::softmax(scores, 1));
  d.check("E4", "softmax_last_axis", attn::softmax(scores, -1));
}

}  // namespace

TEST_CASE("every number that the documents' arithmetic gives is what the core computes") {
  Documents documents;
  check_primer(documents);
  check_encoding(documents);
  check_core_of_the_encoder(documents);
  check_variants(documents);
  for (const std::string& path : documents.unvisited())
    if (!not_computable.count(path)) FAIL_CHECK("not checked: " << path);
  CHECK(documents.unvisited().size() == not_computable.size());
}
