// The gradients of both attention paths, through every stage that the plain one shows.
#include "attention_helpers.hpp"
#include "gradient_helpers.hpp"

using namespace test;

namespace {

using Tensors = std::vector<Tensor>;
using Arrays = std::vector<Array>;

/// query, key, value and what the score needs, as one list; undefined where it has none.
Tensors all_inputs(const Inputs& in, const attn::AttendOptions& o) {
  Tensors all{in.query, in.key, in.value};
  for (const Tensor& x : {o.weight, o.bias, o.query_weight, o.key_weight, o.score_vector})
    if (x.defined()) all.push_back(x);
  return all;
}

/// The same list given back to the options.
template <class Options, class List>
Options filled(Options o, const List& in) {
  std::size_t at = 3;
  const auto take = [&](auto& field, bool present) {
    if (present) field = in[at++];
  };
  if constexpr (std::is_same_v<Options, attn::AttendOptions>) {
    for (auto* field : {&o.weight, &o.bias, &o.query_weight, &o.key_weight, &o.score_vector})
      take(*field, field->defined());
  } else {
    for (auto* field : {&o.weight, &o.bias, &o.query_weight, &o.key_weight, &o.score_vector})
      take(*field, !field->empty());
  }
  return o;
}

enum class Stage { scores, scaled, weights, output };

void check_stage(Random& random, const Inputs& in, const attn::AttendOptions& options, Stage stage) {
  const reference::AttendOptions exact_options = exact(options);
  Tensors inputs = all_inputs(in, options);
  if (stage != Stage::output) inputs.erase(inputs.begin() + 2);  // on the value only the output depends
  const auto whole = [&](auto list, const auto& value) {
    if (stage != Stage::output) list.insert(list.begin() + 2, value);
    return list;
  };
  const Array value = exact(in.value);
  check_gradients(random, inputs,
                  {[&](const Tensors& given) {
                     const Tensors all = whole(given, in.value);
                     const attn::Attention got = attn::attend(all[0], all[1], all[2], filled(options, all));
                     return stage == Stage::scores    ? got.scores
                            : stage == Stage::scaled  ? got.scaled
                            : stage == Stage::weights ? got.weights
                                                      : got.output;
                   },
                   [&](const Arrays& given) {
                     const Arrays all = whole(given, value);
                     const reference::Attention got =
                         reference::attend(all[0], all[1], all[2], filled(exact_options, all));
                     return stage == Stage::scores    ? got.scores
                            : stage == Stage::scaled  ? got.scaled
                            : stage == Stage::weights ? got.weights
                                                      : got.output;
                   }},
                  200);
}

}  // namespace

TEST_CASE("gradients of every score and normaliser, through the output, the weights and the scores") {
  Random random(1);
  for (const attn::Score score : all_scores)
    for (const attn::Normalizer normalizer : all_normalizers)
      for (const Index heads : {1, 2}) {
        CAPTURE(name_of(score));
        CAPTURE(name_of(normalizer));
        CAPTURE(heads);
        const bool positive = normalizer == attn::Normalizer::sum;
        const float low = positive ? 0.2f : -1;
        const Sizes sizes{{2}, 3, 4, 4, 4, 2, heads};
        attn::AttendOptions options = random_options(random, sizes, score, low);
        options.normalizer = normalizer;
        options.temperature = 0.7;
        const Inputs in = random_inputs(random, sizes, low);
        for (const Stage stage : {Stage::scores, Stage::scaled, Stage::weights, Stage::output})
          check_stage(random, in, options, stage);
      }
}

TEST_CASE("gradients of the plain path under every mask") {
  Random random(2);
  for (const char* kind : all_masks)
    for (const attn::Normalizer normalizer : all_normalizers) {
      CAPTURE(kind);
      CAPTURE(name_of(normalizer));
      const float low = normalizer == attn::Normalizer::sum ? 0.2f : -1;
      const Sizes sizes{{2}, 3, 5, 3, 3, 2};
      attn::AttendOptions options;
      options.normalizer = normalizer;
      options.mask = make_mask(random, sizes, kind);
      check_stage(random, random_inputs(random, sizes, low), options, Stage::output);
    }
}

TEST_CASE("a mask that is learned has a gradient on either path") {
  Random random(3);
  const Inputs in = random_inputs(random, {{2}, 3, 4, 5, 5, 2});
  const auto additive = [](const Tensor& mask) {
    attn::Mask all;
    all.causal = true;
    all.additive = mask;
    return all;
  };
  for (const Shape& shape : {Shape{4}, Shape{3, 4}, Shape{2, 3, 4}}) {
    CAPTURE(attn::to_string(shape));
    const auto exact_output = [&](const Arrays& given) {
      reference::AttendOptions o;
      o.mask.causal = true;
      o.mask.additive = given[0];
      return reference::attend(exact(in.query), exact(in.key), exact(in.value), o).output;
    };
    const Tensor mask = random.tensor(shape);
    check_gradients(random, {mask},
                    {[&](const Tensors& given) {
                       return attn::attend(in.query, in.key, in.value, {.mask = additive(given[0])}).output;
                     },
                     exact_output},
                    100);
    check_gradients(random, {mask},
                    {[&](const Tensors& given) {
                       return attn::scaled_dot_product_attention(in.query, in.key, in.value,
                                                                 {.mask = additive(given[0])});
                     },
                     exact_output},
                    100);
  }
}

TEST_CASE("gradients of the fused path, and of attention with projections") {
  Random random(4);
  for (const Sizes& sizes : {Sizes{{}, 5, 7, 4, 4, 3}, Sizes{{2}, 2, 6, 3, 3, 2}}) {
    const Inputs in = random_inputs(random, sizes);
    for (const bool causal : {false, true}) {
      attn::SdpaOptions options;
      options.mask.causal = causal;
      reference::Mask mask;
      mask.causal = causal;
      check_gradients(
          random, {in.query, in.key, in.value},
          {[&](const Tensors& x) { return attn::scaled_dot_product_attention(x[0], x[1], x[2], options); },
           [&](const Arrays& x) { return reference::scaled_dot_product_attention(x[0], x[1], x[2], mask, {}).output; }},
          100);
    }
  }
  const Index E = 4;
  const Tensors inputs{random.tensor({2, 3, E}),  random.tensor({2, 4, E}), random.tensor({2, 4, E}),
                       random.tensor({3 * E, E}), random.tensor({3 * E}),   random.tensor({E, E}),
                       random.tensor({E})};
  check_gradients(
      random, inputs,
      {[&](const Tensors& x) {
         return attn::multi_head_attention_forward(x[0], x[1], x[2], 2, {x[3], x[4], x[5], x[6]}).output;
       },
       [&](const Arrays& x) {
         return reference::multi_head_attention_forward(x[0], x[1], x[2], 2, {x[3], x[4], x[5], x[6]}, {}).output;
       }},
      300);
}
