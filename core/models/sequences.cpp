#include "models/sequences.hpp"

#include <algorithm>
#include <string>

#include "attn/autograd.hpp"
#include "attn/error.hpp"
#include "attn/functional.hpp"
#include "attn/losses.hpp"

namespace attn::models {

namespace {

void check_tokens(const char* model, const std::string& name, const Tensor& x, std::optional<Index> longest) {
  if (!x.defined() || x.dtype() != DType::int32)
    throw Error(ErrorCode::type, model, name + " must be int32, got " + (x.defined() ? to_string(x.dtype()) : "none"));
  if (x.rank() != 2 || x.numel() == 0 || (longest && x.size(1) > *longest))
    throw Error(ErrorCode::shape, model,
                name + " must be [B,T], with at least 1 row and 1 token" +
                    (longest ? ", and at most " + std::to_string(*longest) + " tokens" : "") + ", got " +
                    to_string(x.shape()),
                {x.shape()});
}

}  // namespace

void SpecialTokens::fields(Fields& f) {
  f.integer("pad_token", pad);
  f.integer("bos_token", bos);
  f.integer("eos_token", eos);
}

void check_vocabularies(const char* model, Index source, Index target, bool tied, const SpecialTokens& tokens) {
  const auto refuse = [model](const std::string& message) { throw Error(ErrorCode::range, model, message); };
  if (tied && source != target)
    refuse("tie_embeddings needs equal vocabularies, got source_vocab " + std::to_string(source) +
           " and target_vocab " + std::to_string(target));
  for (const auto& [name, token] :
       {std::pair{"pad_token", tokens.pad}, {"bos_token", tokens.bos}, {"eos_token", tokens.eos}})
    if (token >= std::min(source, target))
      refuse(std::string(name) + " must be below both vocabularies' sizes, " +
             std::to_string(std::min(source, target)) + ", got " + std::to_string(token));
  if (tokens.pad == tokens.bos || tokens.pad == tokens.eos || tokens.bos == tokens.eos)
    refuse("pad_token, bos_token and eos_token must differ, got " + std::to_string(tokens.pad) + ", " +
           std::to_string(tokens.bos) + " and " + std::to_string(tokens.eos));
}

void check_sequences(const char* model, const Tensor& source, const Tensor& target_in, std::optional<Index> longest) {
  check_tokens(model, "source", source, longest);
  check_tokens(model, "target_in", target_in, longest);
  if (source.size(0) != target_in.size(0))
    throw Error(
        ErrorCode::shape, model,
        "target_in must have the rows of source " + to_string(source.shape()) + ", got " + to_string(target_in.shape()),
        {source.shape(), target_in.shape()});
}

std::vector<Index> lengths_of(const char* model, const Tensor& source, const Tensor& lengths) {
  const Index batch = source.size(0), steps = source.size(1);
  if (!lengths.defined()) return std::vector<Index>(static_cast<std::size_t>(batch), steps);
  if (lengths.dtype() != DType::int32)
    throw Error(ErrorCode::type, model, std::string("source_lengths must be int32, got ") + to_string(lengths.dtype()));
  if (lengths.shape() != Shape{batch})
    throw Error(ErrorCode::shape, model,
                "source_lengths must be " + to_string({batch}) + " to match source " + to_string(source.shape()) +
                    ", got " + to_string(lengths.shape()),
                {{batch}, lengths.shape()});
  const Tensor list = contiguous(lengths);
  std::vector<Index> out;
  for (const std::int32_t length : list.values<std::int32_t>()) {
    if (length < 1 || length > steps)
      throw Error(ErrorCode::range, model,
                  "source_lengths must be from 1 to " + std::to_string(steps) + ", got " + std::to_string(length));
    out.push_back(length);
  }
  return out;
}

Tensor sequence_loss(const Tensor& logits, const Tensor& targets, Index pad) {
  Shape wanted = logits.shape();
  wanted.pop_back();
  if (targets.shape() != wanted)
    throw Error(ErrorCode::shape, "sequence_loss",
                "target_out must be " + to_string(wanted) + " as target_in, got " + to_string(targets.shape()),
                {wanted, targets.shape()});
  return cross_entropy(reshape(logits, {-1, logits.size(-1)}), reshape(targets, {-1}), {.ignore_index = pad});
}

std::vector<Decoded> decode_each(const char* model, const Tensor& source, const Tensor& lengths,
                                 const std::function<Decoded(const Tensor& source)>& decode,
                                 std::optional<Index> longest) {
  check_tokens(model, "source", source, longest);
  const NoGrad quiet;
  std::vector<Decoded> out;
  Index row = 0;
  for (const Index length : lengths_of(model, source, lengths)) {
    out.push_back(decode(slice(slice(source, 0, row, row + 1), 1, 0, length)));
    ++row;
  }
  return out;
}

}  // namespace attn::models
