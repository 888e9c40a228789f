// The table of layers.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

using emscripten::val;

// What every module has.
val parameters(const nn::Module& module) { return to_list(module.named_parameters()); }
val state_dict(const nn::Module& module) { return to_list(module.state_dict()); }
void load_state_dict(nn::Module& module, const val& names, const val& tensors, bool strict) {
  module.load_state_dict(to_named(names, tensors), strict);
}
bool training(const nn::Module& module) { return module.training(); }
void train(nn::Module& module, bool on) { module.train(on); }

// First values.
void init_xavier(const Tensor& x, double gain, bool is_normal) {
  is_normal ? nn::init::xavier_normal(x, gain) : nn::init::xavier_uniform(x, gain);
}
void init_kaiming(const Tensor& x, double a, int fan, int nonlinearity, bool is_normal) {
  const nn::init::KaimingOptions options{.a = a,
                                         .mode = static_cast<nn::init::Fan>(fan),
                                         .nonlinearity = static_cast<nn::init::Nonlinearity>(nonlinearity)};
  is_normal ? nn::init::kaiming_normal(x, options) : nn::init::kaiming_uniform(x, options);
}
double gain(int nonlinearity, double a) {
  return nn::init::calculate_gain(static_cast<nn::init::Nonlinearity>(nonlinearity), a);
}

// Layers of one tensor.
ModulePtr linear_layer(int in, int out, bool bias) {
  return std::make_shared<nn::Linear>(nn::LinearOptions{.in_features = in, .out_features = out, .bias = bias});
}
ModulePtr embedding_layer(int rows, int dim, double padding_idx) {
  return std::make_shared<nn::Embedding>(
      nn::EmbeddingOptions{.num_embeddings = rows, .embedding_dim = dim, .padding_idx = optional_whole(padding_idx)});
}
ModulePtr layer_norm_layer(int size, double eps, bool affine, bool bias) {
  return std::make_shared<nn::LayerNorm>(
      nn::NormOptions{.normalized_shape = size, .eps = eps, .elementwise_affine = affine, .bias = bias});
}
ModulePtr rms_norm_layer(int size, double eps, bool affine) {
  return std::make_shared<nn::RMSNorm>(
      nn::NormOptions{.normalized_shape = size, .eps = eps, .elementwise_affine = affine});
}
ModulePtr dropout_layer(double p) { return std::make_shared<nn::Dropout>(p); }
ModulePtr activation_layer(int f) { return std::make_shared<nn::Activation>(static_cast<ops::Unary>(f)); }
ModulePtr sequential_layer(const val& layers) {
  std::vector<std::shared_ptr<nn::Layer>> chain;
  for (const ModulePtr& module : emscripten::vecFromJSArray<ModulePtr>(layers))
    chain.push_back(std::dynamic_pointer_cast<nn::Layer>(module));
  return std::make_shared<nn::Sequential>(chain);
}
TensorPtr forward(const nn::Module& layer, const Tensor& x) {
  return share(dynamic_cast<const nn::Layer&>(layer).forward(x));
}

// Recurrence.
ModulePtr gru_layer(int in, int hidden, int layers, bool bias, bool batch_first, double dropout, bool bidirectional) {
  return std::make_shared<nn::GRU>(nn::GRUOptions{.input_size = in,
                                                  .hidden_size = hidden,
                                                  .num_layers = layers,
                                                  .bias = bias,
                                                  .batch_first = batch_first,
                                                  .dropout = dropout,
                                                  .bidirectional = bidirectional});
}
TensorPair gru_forward(const nn::Module& gru, const Tensor& x, TensorPtr h0, const val& probe) {
  auto [output, hn] = dynamic_cast<const nn::GRU&>(gru).forward(x, tensor_or_none(h0), to_probe(probe));
  return {share(output), share(hn)};
}

EMSCRIPTEN_BINDINGS(nn) {
  using emscripten::function;

  emscripten::class_<nn::Module>("Module").smart_ptr<ModulePtr>("ModulePtr");
  function("parameters", guarded<&parameters>);
  function("stateDict", guarded<&state_dict>);
  function("loadStateDict", guarded<&load_state_dict>);
  function("training", guarded<&training>);
  function("train", guarded<&train>);

  function("initUniform", guarded<&nn::init::uniform>);
  function("initNormal", guarded<&nn::init::normal>);
  function("initTruncNormal", guarded<&nn::init::trunc_normal>);
  function("initConstant", guarded<&nn::init::constant>);
  function("initEye", guarded<&nn::init::eye>);
  function("initXavier", guarded<&init_xavier>);
  function("initKaiming", guarded<&init_kaiming>);
  function("initOrthogonal", guarded<&nn::init::orthogonal>);
  function("gain", guarded<&gain>);

  function("newLinear", guarded<&linear_layer>);
  function("newEmbedding", guarded<&embedding_layer>);
  function("newLayerNorm", guarded<&layer_norm_layer>);
  function("newRmsNorm", guarded<&rms_norm_layer>);
  function("newDropout", guarded<&dropout_layer>);
  function("newActivation", guarded<&activation_layer>);
  function("newSequential", guarded<&sequential_layer>);
  function("forward", guarded<&forward>);

  function("newGru", guarded<&gru_layer>);
  function("gruForward", guarded<&gru_forward>);
}

}  // namespace
}  // namespace attn::js
