#pragma once
// Weights as bytes, in the format of https://huggingface.co/docs/safetensors: 8 bytes of the header's length, a header
// of JSON, the elements. Files are nobody's friend: a malformed one is an error that names its fault, and changes
// nothing.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "attn/nn/module.hpp"
#include "attn/optim.hpp"

namespace attn {

using Metadata = std::map<std::string, std::string>;

struct Checkpoint {
  nn::NamedTensors tensors{};  ///< in the order of their elements in the file
  Metadata metadata{};
};

/// Float32 and int32 tensors of any strides, in this order; the elements begin at a multiple of 8 bytes. Whatever is
/// written reads back to the same bits, NaN's included, where allow_nonfinite is given for it. Throws TYPE for none in
/// place of a tensor, FORMAT for what could not be read: a name that comes twice or is the format's own "__metadata__",
/// text that is not UTF-8, a header beyond 100 MB, an empty tensor whose other sizes are beyond memory. OOM where there
/// is no memory for the file.
std::vector<std::byte> save_safetensors(const nn::NamedTensors& tensors, const Metadata& metadata = {});

/// F32, F16 and BF16 come as float32, and so does F64, rounded; I32, U8 and BOOL come as int32, and so does I64 where
/// its elements are in range. Throws FORMAT for a malformed file: one that is cut off or too long; a header beyond the
/// 100 MB that the format allows, or not JSON, or with a key twice; a dtype that is not listed here; sizes, offsets and
/// bytes that do not agree, elements that overlap or leave holes; NaN or infinity, unless allow_nonfinite. A Git LFS
/// pointer, an HTML page, a pickle and the like are called by their name. OOM where there is no memory for a tensor.
Checkpoint load_safetensors(std::span<const std::byte> bytes, bool allow_nonfinite = false);

/// The model's state under its own names, the optimiser's behind "optimizer." with its options as JSON in the metadata
/// "optimizer"; whatever else belongs to it (a config) is the caller's metadata. Throws FORMAT where that or the model
/// uses these names already, or for an option that is not finite, and as save_safetensors does.
std::vector<std::byte> save_checkpoint(const nn::Module& model, const optim::Optimizer* optimizer = nullptr,
                                       const Metadata& metadata = {});

/// Puts back what save_checkpoint took; an optimiser's state that nobody asks for is passed over. Throws FORMAT where
/// model, optimiser and checkpoint do not fit, and then changes neither.
void load_checkpoint(const Checkpoint& checkpoint, nn::Module& model, optim::Optimizer* optimizer = nullptr);
/// The same from the file, whose own metadata is returned. Training may leave NaN and infinities in a state (a gradient
/// beyond 1e19 has no square), and what was saved is loaded: they are refused only without allow_nonfinite.
Metadata load_checkpoint(std::span<const std::byte> bytes, nn::Module& model, optim::Optimizer* optimizer = nullptr,
                         bool allow_nonfinite = true);

}  // namespace attn
