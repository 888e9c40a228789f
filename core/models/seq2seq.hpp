#pragma once
// A recurrent encoder and decoder that looks back at the source by attention.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attn/nn/layers.hpp"
#include "attn/nn/recurrent.hpp"
#include "attn/probe.hpp"
#include "models/sequences.hpp"

namespace attn::models {

/// How a decoder's state h scores an encoder's state s. additive, vᵀtanh(W_q h + W_k s): Bahdanau et al. 2015,
/// arXiv:1409.0473; the state before a step looks, and what it finds is fed into that step. dot, h·s, and general,
/// hᵀWs: Luong et al. 2015, arXiv:1508.04025; the state after a step looks, and what it finds goes to the output alone
/// (their model without input feeding), so that all steps of a known target look at once.
enum class Seq2SeqAttention { additive, dot, general };
constexpr const char* name_of(Seq2SeqAttention x) {
  constexpr const char* names[] = {"additive", "dot", "general"};
  return names[static_cast<int>(x)];
}

struct Seq2SeqConfig {
  Index source_vocab = 0, target_vocab = 0;
  Index embedding_dim = 0;
  Index hidden_size = 0;  ///< of each decoder layer, and of both directions of an encoder layer together
  Index num_layers = 1;   ///< of the encoder, and of the decoder
  bool bidirectional = true;
  Seq2SeqAttention attention = Seq2SeqAttention::additive;
  double dropout = 0;           ///< of embeddings, between layers, and before the output
  bool tie_embeddings = false;  ///< one table for source and target, whose vocabularies must then be one
  SpecialTokens tokens{};

  void fields(Fields& f);
};
std::string to_json(const Seq2SeqConfig& config);
Seq2SeqConfig seq2seq_config(std::string_view json);

struct Seq2SeqOutput {
  Tensor logits;     ///< [B,T,V]
  Tensor alignment;  ///< [B,T,S], the attention's weights; rows sum to 1, 0 past a source's length
};

/// Encoder: embedding, then GRU layers, a backward one beside each where bidirectional, which begins at a source's own
/// end. Decoder: its first state is tanh(W e + b) of the encoder's last states e, layer by layer; each step's output is
/// softmax(W_o tanh(W_c [context; state])), Luong's equation 5 for all three kinds of attention (Bahdanau's own reads
/// out through a maxout layer). First values are those of the layers: normal for embeddings, uniform within 1/√I for
/// weights.
class Seq2Seq : public nn::Module {
 public:
  /// Throws RANGE, naming the field.
  explicit Seq2Seq(const Seq2SeqConfig& config);
  const Seq2SeqConfig& config() const { return config_; }

  /// source int32 [B,S], its rows padded from source_lengths, int32 [B], on; what stands there changes nothing. Without
  /// lengths all are S. target_in int32 [B,T]: bos, then the target. With a share of 1 - teacher_forcing, drawn from
  /// default_generator() for each step, the whole batch reads its own likeliest token instead (Bengio et al. 2015,
  /// arXiv:1506.03099). The probe sees "encoder.embed" [B,S,E], "encoder.layers.0" [B,S,H], …, "decoder.embed",
  /// "decoder.attn.scores", ".masked", ".weights" [B,T,S], "decoder.attn.z" [B,T,H], "decoder.attentional" [B,T,H] and
  /// "logits" [B,T,V]; where steps depend on one another those of step t are named "decoder.steps.t.attn.scores", ….
  /// Throws SHAPE, TYPE, RANGE.
  Seq2SeqOutput forward(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in,
                        double teacher_forcing = 1, const Probe& probe = {}) const;
  /// The mean cross-entropy of target_out [B,T], the target and then eos, but where it is pad.
  Tensor loss(const Tensor& source, const Tensor& source_lengths, const Tensor& target_in, const Tensor& target_out,
              double teacher_forcing = 1) const;

  /// The likeliest target of each source that beam search finds; call eval() first, or dropout takes part.
  std::vector<Decoded> decode(const Tensor& source, const Tensor& source_lengths = {}, const DecodeOptions& = {}) const;

 private:
  /// What the decoder looks at.
  struct Memory {
    Tensor values;  ///< [B,S,H], the encoder's states
    Tensor keys;    ///< [B,S,H], what the score makes of them before it meets a query
    Tensor mask;    ///< [B,1,S], -inf past each length
  };
  struct Encoded {
    Memory memory;
    Tensor state;  ///< [L,B,H], the decoder's first
  };
  struct Steps {
    Tensor found;      ///< [B,T,2H]: context and state
    Tensor alignment;  ///< [B,T,S]
    Tensor state;      ///< [L,B,H] after the last step
  };
  Encoded encode(const Tensor& source, const Tensor& source_lengths, const Probe& probe) const;
  Steps advance(const Tensor& embedded, const Tensor& state, const Memory& memory, const Probe& probe) const;
  Steps look(const Tensor& query, const Memory& memory, const Probe& probe) const;
  Tensor read_out(const Tensor& found, const Probe& probe) const;
  Tensor embed(const nn::Embedding& table, const Tensor& tokens) const;

  Seq2SeqConfig config_;
  std::shared_ptr<nn::Embedding> source_embedding_, target_embedding_;
  std::vector<std::shared_ptr<nn::GRU>> encoder_, encoder_reverse_;  ///< one a layer
  std::vector<std::shared_ptr<nn::Linear>> bridge_;                  ///< one a layer
  std::shared_ptr<nn::GRU> decoder_;
  std::shared_ptr<nn::Linear> query_proj_, key_proj_, score_, combine_, output_;
};

}  // namespace attn::models
