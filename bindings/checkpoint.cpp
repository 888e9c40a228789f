// The table of checkpoints: weights as the bytes of a file, and back.

#include <emscripten/bind.h>

#include "attn/attn.hpp"
#include "convert.hpp"

namespace attn::js {
namespace {

using emscripten::val;

val copied(const std::vector<std::byte>& bytes) {
  try {
    return val::global("Uint8Array")
        .new_(emscripten::typed_memory_view(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data())));
  } catch (...) {  // JavaScript's own
    throw Error(ErrorCode::oom, "save", "no memory in JavaScript for " + std::to_string(bytes.size()) + " bytes");
  }
}

Metadata to_metadata(const val& names, const val& texts) {
  Metadata metadata;
  const auto values = emscripten::vecFromJSArray<std::string>(texts);
  for (const std::string& name : emscripten::vecFromJSArray<std::string>(names)) {
    const std::string& text = values[metadata.size()];
    metadata.emplace(name, text);
  }
  return metadata;
}

val save(const val& names, const val& tensors, const val& metadata_names, const val& metadata_texts) {
  return copied(save_safetensors(to_named(names, tensors), to_metadata(metadata_names, metadata_texts)));
}

val save_training(const nn::Module& model, OptimizerPtr optimizer, const val& metadata_names,
                  const val& metadata_texts) {
  return copied(save_checkpoint(model, optimizer.get(), to_metadata(metadata_names, metadata_texts)));
}

/// An int32 tensor is the file, its first `size` bytes: its memory can run out as any tensor's.
std::span<const std::byte> bytes_of(const Tensor& file, double size) {
  return {reinterpret_cast<const std::byte*>(file.data<std::int32_t>()), static_cast<std::size_t>(size)};
}

/// name, text, name, text, …
val texts_of(const Metadata& metadata) {
  val list = val::array();
  for (const auto& [name, text] : metadata) {
    list.call<void>("push", name);
    list.call<void>("push", text);
  }
  return list;
}

val read(const Tensor& file, double size, bool allow_nonfinite) {
  const Checkpoint checkpoint = load_safetensors(bytes_of(file, size), allow_nonfinite);
  val out = val::object();
  out.set("tensors", to_list(checkpoint.tensors));
  out.set("metadata", texts_of(checkpoint.metadata));
  return out;
}

/// Returns the metadata.
val read_training(const Tensor& file, double size, nn::Module& model, OptimizerPtr optimizer, bool allow_nonfinite) {
  return texts_of(load_checkpoint(bytes_of(file, size), model, optimizer.get(), allow_nonfinite));
}

EMSCRIPTEN_BINDINGS(checkpoint) {
  using emscripten::function;

  function("saveSafetensors", guarded<&save>);
  function("saveCheckpoint", guarded<&save_training>);
  function("loadSafetensors", guarded<&read>);
  function("loadCheckpoint", guarded<&read_training>);
}

}  // namespace
}  // namespace attn::js
