#include "models/seq2seq.hpp"

#include <limits>

#include "attn/error.hpp"
#include "attn/random.hpp"
#include "src/functional/masked.hpp"

namespace attn::models {

using detail::plus;

namespace {

constexpr const char* kSeq2Seq = "Seq2Seq";

/// Rows of x [B,S,D], picked by their places in the batch as a whole: [...,D].
Tensor pick(const Tensor& x, const Tensor& places) {
  return index(reshape(x, {x.size(0) * x.size(1), x.size(2)}), places);
}

/// For `pick`: each sequence [B,S] back to front within its length, what follows where it is.
Tensor reversal(const std::vector<Index>& lengths, Index steps) {
  const auto batch = static_cast<Index>(lengths.size());
  const Tensor places = Tensor::empty({batch, steps}, DType::int32);
  for (Index b = 0; b < batch; ++b)
    for (Index s = 0; s < steps; ++s) {
      const Index length = lengths[static_cast<std::size_t>(b)];
      places.data<std::int32_t>()[b * steps + s] =
          static_cast<std::int32_t>(b * steps + (s < length ? length - 1 - s : s));
    }
  return places;
}

/// For `pick`: the last of each sequence, [B].
Tensor last_places(const std::vector<Index>& lengths, Index steps) {
  std::vector<std::int32_t> places;
  for (std::size_t b = 0; b < lengths.size(); ++b)
    places.push_back(static_cast<std::int32_t>(static_cast<Index>(b) * steps + lengths[b] - 1));
  return Tensor::from(places, {static_cast<Index>(places.size())});
}

Tensor added_mask(const std::vector<Index>& lengths, Index steps) {
  const Tensor mask = zeros({static_cast<Index>(lengths.size()), 1, steps});
  for (std::size_t b = 0; b < lengths.size(); ++b)
    for (Index s = lengths[b]; s < steps; ++s)
      mask.data()[static_cast<Index>(b) * steps + s] = -std::numeric_limits<float>::infinity();
  return mask;
}

}  // namespace

void Seq2SeqConfig::fields(Fields& f) {
  f.size("source_vocab", source_vocab);
  f.size("target_vocab", target_vocab);
  f.size("embedding_dim", embedding_dim);
  f.size("hidden_size", hidden_size);
  f.integer("num_layers", num_layers, 1);
  f.flag("bidirectional", bidirectional);
  f.choice("attention", attention, {Seq2SeqAttention::additive, Seq2SeqAttention::dot, Seq2SeqAttention::general});
  f.probability("dropout", dropout);
  f.flag("tie_embeddings", tie_embeddings);
  tokens.fields(f);
}

std::string to_json(const Seq2SeqConfig& config) { return write_config(kSeq2Seq, config); }
Seq2SeqConfig seq2seq_config(std::string_view json) { return read_config<Seq2SeqConfig>(kSeq2Seq, json); }

Seq2Seq::Seq2Seq(const Seq2SeqConfig& config) : config_(checked(kSeq2Seq, config)) {
  const Seq2SeqConfig& c = config_;
  check_vocabularies(kSeq2Seq, c.source_vocab, c.target_vocab, c.tie_embeddings, c.tokens);
  const Index h = c.hidden_size;
  if (c.bidirectional && h % 2 != 0)
    throw Error(ErrorCode::range, kSeq2Seq,
                "hidden_size must be even, half for each direction, got " + std::to_string(h));

  source_embedding_ = register_module("source_embedding", std::make_shared<nn::Embedding>(nn::EmbeddingOptions{
                                                              c.source_vocab, c.embedding_dim, c.tokens.pad}));
  target_embedding_ =
      register_module("target_embedding", c.tie_embeddings ? source_embedding_
                                                           : std::make_shared<nn::Embedding>(nn::EmbeddingOptions{
                                                                 c.target_vocab, c.embedding_dim, c.tokens.pad}));
  for (Index layer = 0; layer < c.num_layers; ++layer) {
    const std::string name = std::to_string(layer);
    const auto gru = [&] {
      return std::make_shared<nn::GRU>(nn::GRUOptions{.input_size = layer == 0 ? c.embedding_dim : h,
                                                      .hidden_size = c.bidirectional ? h / 2 : h,
                                                      .batch_first = true});
    };
    encoder_.push_back(register_module("encoder." + name, gru()));
    if (c.bidirectional) encoder_reverse_.push_back(register_module("encoder_reverse." + name, gru()));
    bridge_.push_back(register_module("bridge." + name, std::make_shared<nn::Linear>(nn::LinearOptions{h, h})));
  }
  const bool additive = c.attention == Seq2SeqAttention::additive;
  decoder_ = register_module("decoder", std::make_shared<nn::GRU>(nn::GRUOptions{
                                            .input_size = additive ? c.embedding_dim + h : c.embedding_dim,
                                            .hidden_size = h,
                                            .num_layers = c.num_layers,
                                            .batch_first = true,
                                            .dropout = c.dropout}));
  const auto matrix = [&](const char* name, Index in, Index out) {
    return register_module(name, std::make_shared<nn::Linear>(nn::LinearOptions{in, out, false}));
  };
  if (c.attention != Seq2SeqAttention::dot) key_proj_ = matrix("attn.key_proj", h, h);
  if (additive) query_proj_ = matrix("attn.query_proj", h, h), score_ = matrix("attn.score", h, 1);
  combine_ = matrix("combine", 2 * h, h);
  output_ = register_module("output", std::make_shared<nn::Linear>(nn::LinearOptions{h, c.target_vocab}));
}

Tensor Seq2Seq::embed(const nn::Embedding& table, const Tensor& tokens) const {
  const Tensor x = table.forward(tokens);
  return training() ? dropout(x, config_.dropout) : x;
}

Seq2Seq::Encoded Seq2Seq::encode(const Tensor& source, const Tensor& source_lengths, const Probe& probe) const {
  const Index steps = source.size(1);
  const std::vector<Index> lengths = lengths_of(kSeq2Seq, source, source_lengths);
  const Tensor last = last_places(lengths, steps), turned = reversal(lengths, steps);
  Tensor x = probe("encoder.embed", embed(*source_embedding_, source));
  std::vector<Tensor> states;
  for (std::size_t layer = 0; layer < encoder_.size(); ++layer) {
    if (layer > 0 && training()) x = dropout(x, config_.dropout);
    Tensor output = encoder_[layer]->forward(x).output;
    Tensor end = pick(output, last);
    if (config_.bidirectional) {
      const Tensor back = encoder_reverse_[layer]->forward(pick(x, turned)).output;
      end = cat({end, pick(back, last)}, 1);
      output = cat({output, pick(back, turned)}, 2);
    }
    x = probe("encoder.layers." + std::to_string(layer), output);
    states.push_back(linear(end, bridge_[layer]->weight, bridge_[layer]->bias, ops::Unary::tanh));
  }
  return {{x, key_proj_ ? key_proj_->forward(x) : x, added_mask(lengths, steps)}, stack(states, 0)};
}

Seq2Seq::Steps Seq2Seq::look(const Tensor& query, const Memory& memory, const Probe& probe) const {
  Tensor scores;
  if (config_.attention == Seq2SeqAttention::additive) {  // one query: [B,S,H] holds every sum
    const Tensor sums = plus(query_proj_->forward(query), memory.keys);
    scores = transpose(score_->forward(unary(ops::Unary::tanh, sums)), 1, 2);
  } else {
    scores = detail::dot_scores(query, memory.keys);
  }
  const Tensor masked = probe("masked", detail::add_mask(probe("scores", scores), memory.mask));
  const Tensor weights = probe("weights", softmax(masked, -1));
  return {probe("z", detail::weighted_sum(weights, memory.values, masked)), weights, {}};
}

Seq2Seq::Steps Seq2Seq::advance(const Tensor& embedded, const Tensor& state, const Memory& memory,
                                const Probe& probe) const {
  const Probe inside = probe.at("attn");
  if (config_.attention == Seq2SeqAttention::additive) {
    const Tensor top = transpose(slice(state, 0, -1, state.size(0)), 0, 1);
    Steps steps = look(top, memory, inside);
    const nn::GRU::Result result = decoder_->forward(cat({embedded, steps.found}, 2), state);
    return {cat({steps.found, result.output}, 2), steps.alignment, result.hn};
  }
  const nn::GRU::Result result = decoder_->forward(embedded, state);
  Steps steps = look(result.output, memory, inside);
  return {cat({steps.found, result.output}, 2), steps.alignment, result.hn};
}

Tensor Seq2Seq::read_out(const Tensor& found, const Probe& probe) const {
  const Tensor attentional = probe("attentional", linear(found, combine_->weight, {}, ops::Unary::tanh));
  return output_->forward(training() ? dropout(attentional, config_.dropout) : attentional);
}

Seq2SeqOutput Seq2Seq::forward(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                               double teacher_forcing, const Probe& probe) const {
  check_sequences(kSeq2Seq, source, target_in);
  if (!(teacher_forcing >= 0 && teacher_forcing <= 1))
    throw Error(ErrorCode::range, kSeq2Seq,
                "teacher_forcing must be from 0 to 1, got " + std::to_string(teacher_forcing));
  auto [memory, state] = encode(source, source_lengths, probe);
  const Probe inside = probe.at("decoder");
  const Tensor embedded = inside("embed", embed(*target_embedding_, target_in));
  const bool forced = teacher_forcing == 1;
  if (forced && config_.attention != Seq2SeqAttention::additive) {
    const Steps all = advance(embedded, state, memory, inside);
    return {probe("logits", read_out(all.found, inside)), all.alignment};
  }

  std::vector<Tensor> outputs, alignments;
  for (Index t = 0; t < target_in.size(1); ++t) {
    const Probe at = inside.at("steps").at(t);
    const bool own = t > 0 && !forced && default_generator().uniform() >= teacher_forcing;
    const Tensor input = own ? embed(*target_embedding_, argmax(outputs.back())) : slice(embedded, 1, t, t + 1);
    const Steps step = advance(input, state, memory, at);
    state = step.state;
    outputs.push_back(forced ? step.found : read_out(step.found, at));
    alignments.push_back(step.alignment);
  }
  const Tensor whole = cat(outputs, 1);
  return {probe("logits", forced ? read_out(whole, inside) : whole), cat(alignments, 1)};
}

Tensor Seq2Seq::loss(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                     const Tensor& target_out, double teacher_forcing) const {
  return sequence_loss(forward(source, source_lengths, target_in, teacher_forcing).logits, target_out,
                       config_.tokens.pad);
}

std::vector<Decoded> Seq2Seq::decode(const Tensor& source, const Tensor& source_lengths,
                                     const DecodeOptions& options) const {
  return decode_each(kSeq2Seq, source, source_lengths, [&](const Tensor& one) {
    Encoded so_far = encode(one, {}, {});
    const auto advance_hypotheses = [&](const Tensor& tokens, const Tensor& parents) {
      const Index rows = tokens.size(0);
      const Tensor state = transpose(index(transpose(so_far.state, 0, 1), parents), 0, 1);
      const Tensor embedded = embed(*target_embedding_, reshape(tokens, {rows, 1}));
      const Steps step = advance(embedded, state, so_far.memory, {});
      so_far.state = step.state;
      return BeamStep{reshape(read_out(step.found, {}), {rows, config_.target_vocab}),
                      reshape(step.alignment, {rows, one.size(1)})};
    };
    return beam_search(advance_hypotheses, static_cast<std::int32_t>(config_.tokens.bos),
                       static_cast<std::int32_t>(config_.tokens.eos), options);
  });
}

}  // namespace attn::models
