// The table of what JavaScript sees; nothing is computed here. bindings/src/raw.ts is its other half.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

using emscripten::val;

std::optional<Index> optional_dim(int dim, bool all) { return all ? std::nullopt : std::optional<Index>(dim); }
DType dtype_of(bool int32) { return int32 ? DType::int32 : DType::float32; }

// Reading a tensor.
/// Address of what a tensor is, as int32: whether it holds int32, its rank, its sizes. Lasts until the next call.
std::uintptr_t description(const Tensor& x) {
  static std::vector<std::int32_t> out;
  out.assign({x.dtype() == DType::int32, static_cast<std::int32_t>(x.rank())});
  for (Index size : x.shape()) out.push_back(static_cast<std::int32_t>(size));
  return reinterpret_cast<std::uintptr_t>(out.data());
}
/// Address of the elements, for one copy in or out; x must be contiguous.
std::uintptr_t address(const Tensor& x) {
  return x.dtype() == DType::int32 ? reinterpret_cast<std::uintptr_t>(x.data<std::int32_t>())
                                   : reinterpret_cast<std::uintptr_t>(x.data());
}

// Creation.
TensorPtr empty(const val& shape, bool int32) { return share(Tensor::empty(to_shape(shape), dtype_of(int32))); }
TensorPtr zeros_of(const val& shape, bool int32) { return share(zeros(to_shape(shape), dtype_of(int32))); }
TensorPtr ones_of(const val& shape, bool int32) { return share(ones(to_shape(shape), dtype_of(int32))); }
TensorPtr full_of(const val& shape, float value) { return share(full(to_shape(shape), value)); }
TensorPtr arange_of(double start, double end, double step, bool int32) {
  return share(arange(start, end, step, dtype_of(int32)));
}
TensorPtr eye_of(int n, bool int32) { return share(eye(n, dtype_of(int32))); }
TensorPtr rand_of(const val& shape) { return share(rand(to_shape(shape))); }
TensorPtr randn_of(const val& shape) { return share(randn(to_shape(shape))); }
void seed(double seed) { manual_seed(static_cast<std::uint64_t>(seed)); }

// Operators.
TensorPtr unary_of(int f, const Tensor& x) { return share(unary(static_cast<ops::Unary>(f), x)); }
TensorPtr binary_of(int f, const Tensor& a, const Tensor& b) {
  return share(binary(static_cast<ops::Binary>(f), a, b));
}
TensorPtr reduce_of(int f, const Tensor& x, int dim, bool all, bool keepdim) {
  return share(reduce(static_cast<ops::Reduction>(f), x, optional_dim(dim, all), keepdim));
}
TensorPtr masked_fill_of(const Tensor& x, const Tensor& mask, float value) {
  return share(masked_fill(x, mask, value));
}
TensorPtr contiguous_of(const Tensor& x) { return share(contiguous(x)); }
TensorPtr reshape_of(const Tensor& x, const val& shape) { return share(reshape(x, to_shape(shape))); }
TensorPtr permute_of(const Tensor& x, const val& dims) { return share(permute(x, to_shape(dims))); }
TensorPtr transpose_of(const Tensor& x, int a, int b) { return share(transpose(x, a, b)); }
TensorPtr slice_of(const Tensor& x, int dim, int start, int end) { return share(slice(x, dim, start, end)); }
TensorPtr index_of(const Tensor& x, const Tensor& indices) { return share(index(x, indices)); }
TensorPtr cat_of(const val& tensors, int dim) { return share(cat(to_tensors(tensors), dim)); }
TensorPtr stack_of(const val& tensors, int dim) { return share(stack(to_tensors(tensors), dim)); }
TensorPtr matmul_of(const Tensor& a, const Tensor& b) { return share(matmul(a, b)); }
TensorPtr linear_of(const Tensor& x, const Tensor& weight, TensorPtr bias) {
  return share(linear(x, weight, tensor_or_none(bias)));
}
TensorPtr softmax_of(const Tensor& x, int dim) { return share(softmax(x, dim)); }
TensorPtr log_softmax_of(const Tensor& x, int dim) { return share(log_softmax(x, dim)); }
TensorPtr entropy_of(const Tensor& weights) { return share(entropy(weights)); }
TensorPtr conv1d_of(const Tensor& input, const Tensor& weight, TensorPtr bias, int stride, int padding) {
  return share(conv1d(input, weight, tensor_or_none(bias), {.stride = stride, .padding = padding}));
}
TensorPtr sinusoidal_of(int length, int dim) { return share(sinusoidal(length, dim)); }

// Attention. The records' fields are all present: the facade fills in what its caller left out.
struct MaskRecord {
  bool causal;
  int window;  ///< -1: none
  TensorPtr padding, additive;

  Mask mask() const {
    return {.causal = causal,
            .window = window < 0 ? std::nullopt : std::optional<Index>(window),
            .lengths = tensor_or_none(padding),
            .additive = tensor_or_none(additive)};
  }
};

struct AttendRecord {
  int score, normalizer;
  MaskRecord mask;
  double scale;  ///< NaN: the score's own
  double temperature;
  int heads;
  TensorPtr weight, bias, queryWeight, keyWeight, scoreVector;
};

struct AttentionRecord {
  TensorPtr scores, scaled, masked, weights, output;
};

AttentionRecord attend_of(const Tensor& q, const Tensor& k, const Tensor& v, AttendRecord o) {
  Attention a = attend(q, k, v,
                       {.score = static_cast<Score>(o.score),
                        .normalizer = static_cast<Normalizer>(o.normalizer),
                        .mask = o.mask.mask(),
                        .scale = optional_number(o.scale),
                        .temperature = o.temperature,
                        .heads = o.heads,
                        .weight = tensor_or_none(o.weight),
                        .bias = tensor_or_none(o.bias),
                        .query_weight = tensor_or_none(o.queryWeight),
                        .key_weight = tensor_or_none(o.keyWeight),
                        .score_vector = tensor_or_none(o.scoreVector)});
  return {.scores = share(a.scores),
          .scaled = share(a.scaled),
          .masked = share(a.masked),
          .weights = share(a.weights),
          .output = share(a.output)};
}

TensorPtr sdpa_of(const Tensor& q, const Tensor& k, const Tensor& v, MaskRecord mask, double scale, bool enable_gqa) {
  return share(scaled_dot_product_attention(
      q, k, v, {.mask = mask.mask(), .scale = optional_number(scale), .enable_gqa = enable_gqa}));
}

TensorPtr layer_norm_of(const Tensor& x, TensorPtr weight, TensorPtr bias, double eps) {
  return share(layer_norm(x, tensor_or_none(weight), tensor_or_none(bias), eps));
}

TensorPtr rms_norm_of(const Tensor& x, TensorPtr weight, double eps) {
  return share(rms_norm(x, tensor_or_none(weight), eps));
}

TensorPair multi_head_of(const Tensor& q, const Tensor& k, const Tensor& v, int heads, const Tensor& in_weight,
                         TensorPtr in_bias, const Tensor& out_weight, TensorPtr out_bias, MaskRecord mask) {
  MultiHeadOutput out = multi_head_attention_forward(q, k, v, heads,
                                                     {.in_proj_weight = in_weight,
                                                      .in_proj_bias = tensor_or_none(in_bias),
                                                      .out_proj_weight = out_weight,
                                                      .out_proj_bias = tensor_or_none(out_bias)},
                                                     mask.mask());
  return {share(out.output), share(out.weights)};
}

/// Whether a float mask holds 0 and 1 and nothing else; looks no further than the first other value.
bool zeros_and_ones(const Tensor& mask) {
  const Tensor dense = contiguous(mask.detach());
  bool zeros = false, ones = false;
  for (const float value : dense.values()) {
    if (value != 0 && value != 1) return false;
    (value == 0 ? zeros : ones) = true;
  }
  return zeros && ones;
}

double bytes() { return static_cast<double>(tensor_bytes()); }

/// The names of an enum's values in their order.
template <class Enum>
val names_of() {
  val names = val::array();
  for (int i = 0; const char* name = name_of(static_cast<Enum>(i)); ++i) names.call<void>("push", std::string(name));
  return names;
}
/// Those of every enum that the facade knows by its values' places: what a test holds bindings/src/enums.ts to.
val enums() {
  val all = val::object();
  all.set("UNARY", names_of<ops::Unary>());
  all.set("BINARY", names_of<ops::Binary>());
  all.set("REDUCTIONS", names_of<ops::Reduction>());
  all.set("SCORES", names_of<Score>());
  all.set("NORMALIZERS", names_of<Normalizer>());
  all.set("NONLINEARITIES", names_of<nn::init::Nonlinearity>());
  all.set("FANS", names_of<nn::init::Fan>());
  all.set("LOSS_REDUCTIONS", names_of<LossReduction>());
  return all;
}

EMSCRIPTEN_BINDINGS(attention_playground) {
  using emscripten::class_;
  using emscripten::function;
  using emscripten::value_object;

  class_<Tensor>("Tensor").smart_ptr<TensorPtr>("TensorPtr");
  function("description", guarded<&description>);
  function("address", guarded<&address>);

  function("empty", guarded<&empty>);
  function("zeros", guarded<&zeros_of>);
  function("ones", guarded<&ones_of>);
  function("full", guarded<&full_of>);
  function("arange", guarded<&arange_of>);
  function("eye", guarded<&eye_of>);
  function("rand", guarded<&rand_of>);
  function("randn", guarded<&randn_of>);
  function("manualSeed", guarded<&seed>);

  function("unary", guarded<&unary_of>);
  function("binary", guarded<&binary_of>);
  function("reduce", guarded<&reduce_of>);
  function("maskedFill", guarded<&masked_fill_of>);
  function("contiguous", guarded<&contiguous_of>);
  function("reshape", guarded<&reshape_of>);
  function("permute", guarded<&permute_of>);
  function("transpose", guarded<&transpose_of>);
  function("slice", guarded<&slice_of>);
  function("index", guarded<&index_of>);
  function("cat", guarded<&cat_of>);
  function("stack", guarded<&stack_of>);
  function("matmul", guarded<&matmul_of>);
  function("linear", guarded<&linear_of>);
  function("layerNorm", guarded<&layer_norm_of>);
  function("rmsNorm", guarded<&rms_norm_of>);
  function("softmax", guarded<&softmax_of>);
  function("logSoftmax", guarded<&log_softmax_of>);
  function("entropy", guarded<&entropy_of>);
  function("conv1d", guarded<&conv1d_of>);
  function("sinusoidal", guarded<&sinusoidal_of>);

  value_object<MaskRecord>("Mask")
      .field("causal", &MaskRecord::causal)
      .field("window", &MaskRecord::window)
      .field("padding", &MaskRecord::padding)
      .field("additive", &MaskRecord::additive);
  value_object<AttendRecord>("AttendOptions")
      .field("score", &AttendRecord::score)
      .field("normalizer", &AttendRecord::normalizer)
      .field("mask", &AttendRecord::mask)
      .field("scale", &AttendRecord::scale)
      .field("temperature", &AttendRecord::temperature)
      .field("heads", &AttendRecord::heads)
      .field("weight", &AttendRecord::weight)
      .field("bias", &AttendRecord::bias)
      .field("queryWeight", &AttendRecord::queryWeight)
      .field("keyWeight", &AttendRecord::keyWeight)
      .field("scoreVector", &AttendRecord::scoreVector);
  value_object<AttentionRecord>("Attention")
      .field("scores", &AttentionRecord::scores)
      .field("scaled", &AttentionRecord::scaled)
      .field("masked", &AttentionRecord::masked)
      .field("weights", &AttentionRecord::weights)
      .field("output", &AttentionRecord::output);
  emscripten::value_array<TensorPair>("TensorPair").element(&TensorPair::first).element(&TensorPair::second);
  function("attend", guarded<&attend_of>);
  function("scaledDotProductAttention", guarded<&sdpa_of>);
  function("multiHeadAttention", guarded<&multi_head_of>);
  function("zerosAndOnes", guarded<&zeros_and_ones>);

  function("setNumThreads", guarded<&set_num_threads>);
  function("numThreads", guarded<&num_threads>);
  function("tensorBytes", guarded<&bytes>);
  function("enums", guarded<&enums>);
}

}  // namespace
}  // namespace attn::js
