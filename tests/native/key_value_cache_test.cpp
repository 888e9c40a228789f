// Decoding step by step with a cache gives what the whole sequence gives at once.
#include "layer_helpers.hpp"

using namespace test;
using attn::ErrorCode;
namespace nn = attn::nn;

namespace {

/// Self-attention of x in pieces of so many steps, each with the cache of those before.
Tensor in_pieces(const nn::MultiheadAttention& attention, const Tensor& x, const std::vector<Index>& pieces,
                 nn::MultiheadAttentionCall call) {
  const Index time = attention.options().batch_first ? 1 : 0;
  nn::KeyValueCache cache(x.size(time) + 3);
  std::vector<Tensor> outputs;
  Index begin = 0;
  const Tensor padding = call.key_padding_mask;
  for (const Index n : pieces) {
    const Tensor rows = attn::slice(x, time, begin, begin + n);
    begin += n;
    call.cache = &cache;
    if (padding.defined()) call.key_padding_mask = attn::slice(padding, 1, 0, begin);
    outputs.push_back(attention.forward(rows, rows, rows, call).output);
    CHECK(cache.length() == begin);
  }
  return attn::cat(outputs, time);
}

}  // namespace

TEST_CASE("cached decoding equals the whole, for every kind of position and of heads") {
  using Options = nn::MultiheadAttentionOptions;
  Random random(1);
  const attn::NoGrad quiet;
  for (const Options& options : {Options{.embed_dim = 8, .num_heads = 2},
                                 Options{.embed_dim = 8, .num_heads = 2, .batch_first = true, .rotary = true},
                                 Options{.embed_dim = 8, .num_heads = 2, .alibi = true},
                                 Options{.embed_dim = 8, .num_heads = 4, .num_kv_heads = 1, .rotary = true},
                                 Options{.embed_dim = 8, .num_heads = 4, .num_kv_heads = 2, .alibi = true},
                                 Options{.embed_dim = 8, .num_heads = 2, .add_bias_kv = true, .add_zero_attn = true}}) {
    const nn::MultiheadAttention attention(options);
    const Tensor x = random.tensor(options.batch_first ? Shape{3, 12, 8} : Shape{12, 3, 8});
    Tensor padding = attn::zeros({3, 12}, attn::DType::int32);
    for (const Index hole : {13, 17, 26}) padding.data<std::int32_t>()[hole] = 1;
    for (const Tensor& mask : {Tensor(), padding})
      for (const bool weights : {false, true})
        for (const std::vector<Index>& pieces :
             {std::vector<Index>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 1, 1, 4, 1}, {12}}) {
          CAPTURE(weights);
          CAPTURE(pieces.size());
          const nn::MultiheadAttentionCall call{.key_padding_mask = mask, .need_weights = weights, .is_causal = true};
          const Tensor whole = attention.forward(x, x, x, call).output;
          check_close(in_pieces(attention, x, pieces, call), exact(whole), 2 * attention_bound(attention, x, x));
        }
  }
}

TEST_CASE("a cache that is cut short goes on from there") {
  Random random(2);
  const attn::NoGrad quiet;
  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2, .batch_first = true, .rotary = true});
  const Tensor x = random.tensor({1, 6, 4});
  nn::KeyValueCache cache(6);
  const nn::MultiheadAttentionCall call{.need_weights = false, .is_causal = true, .cache = &cache};
  const auto run = [&](Index begin, Index end) {
    const Tensor rows = attn::slice(x, 1, begin, end);
    return attention.forward(rows, rows, rows, call).output;
  };
  run(0, 4);
  const Tensor before = run(4, 6);
  cache.truncate(4);
  CHECK(cache.length() == 4);
  check_same_bits(run(4, 6), before);
}

TEST_CASE("a copy of a cache has memory of its own") {
  Random random(4);
  nn::KeyValueCache cache(4), empty = cache;
  cache.append(random.tensor({2, 1, 3, 4}), random.tensor({2, 1, 3, 4}));
  const Tensor keys = attn::contiguous(cache.keys());
  nn::KeyValueCache copy = cache;
  CHECK(copy.capacity() == 4);
  check_same_bits(attn::contiguous(copy.keys()), keys);
  check_same_bits(attn::contiguous(copy.values()), attn::contiguous(cache.values()));
  copy.truncate(0);
  copy.append(random.tensor({2, 1, 3, 4}), random.tensor({2, 1, 3, 4}));
  check_same_bits(attn::contiguous(cache.keys()), keys);
  cache = empty;
  CHECK(cache.length() == 0);
  CHECK(copy.length() == 3);
}

TEST_CASE("a cache refuses what does not fit, and stays as it was") {
  Random random(3);
  check_error(ErrorCode::range, "KeyValueCache", {"capacity", "0"}, [] { nn::KeyValueCache(0); });
  nn::KeyValueCache cache(3);
  CHECK(!cache.keys().defined());
  const auto append = [&](const Shape& keys, const Shape& values) {
    return [&cache, keys, values] { cache.append(attn::ones(keys), attn::ones(values)); };
  };
  check_error(ErrorCode::shape, "KeyValueCache", {"[B,G,T,D]", "[2,1,4]"}, append({2, 1, 4}, {2, 1, 4}));
  check_error(ErrorCode::shape, "KeyValueCache", {"equal T", "[2,1,1,4]", "[2,1,2,4]"},
              append({2, 1, 1, 4}, {2, 1, 2, 4}));
  append({2, 1, 2, 4}, {2, 1, 2, 5})();
  const Tensor keys = attn::contiguous(cache.keys());
  for (const Shape& other : {Shape{1, 1, 1, 4}, Shape{2, 2, 1, 4}, Shape{2, 1, 1, 5}})
    check_error(ErrorCode::shape, "KeyValueCache", {"held", attn::to_string(other)}, append(other, {2, 1, 1, 5}));
  check_error(ErrorCode::range, "KeyValueCache", {"3 steps", "4"}, append({2, 1, 2, 4}, {2, 1, 2, 5}));
  CHECK(cache.length() == 2);
  check_same_bits(attn::contiguous(cache.keys()), keys);
  check_error(ErrorCode::range, "KeyValueCache", {"0 to 2", "3"}, [&] { cache.truncate(3); });
  check_error(ErrorCode::range, "KeyValueCache", {"0 to 2", "-1"}, [&] { cache.truncate(-1); });

  const nn::MultiheadAttention attention({.embed_dim = 4, .num_heads = 2});
  const Tensor x = random.tensor({2, 1, 4});
  nn::KeyValueCache other(3);
  const nn::MultiheadAttentionCall call{.need_weights = false, .cache = &other};
  check_error(ErrorCode::unsupported, "MultiheadAttention", {"NoGrad"}, [&] { attention.forward(x, x, x, call); });
  CHECK(other.length() == 0);
}
