#pragma once
// The encoder's stack as the configs of Classifier and ViT describe it.

#include "attn/nn/transformer.hpp"

namespace attn::models {

template <class Config>
nn::TransformerOptions encoder_options(const Config& c) {
  return {.layer = {.d_model = c.d_model,
                    .nhead = c.num_heads,
                    .dim_feedforward = c.dim_feedforward == 0 ? 4 * c.d_model : c.dim_feedforward,
                    .dropout = c.dropout,
                    .activation = c.activation,
                    .batch_first = true,
                    .norm_first = c.norm_first,
                    .bias = c.bias},
          .num_layers = c.num_layers,
          .norm = c.norm_first};
}

}  // namespace attn::models
