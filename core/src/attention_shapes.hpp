#pragma once
// What both attention paths need to know of their arguments, checked.

#include <optional>

#include "attn/attention.hpp"

namespace attn::detail {

/// One attention problem for each batch and head. Rows of query, key, value and output are `*_row` floats apart;
/// problem p's head starts at `head` floats into a row where features are split.
struct Layout {
  Index batches = 1;     ///< product of the leading dimensions
  Index per_length = 1;  ///< how many of these share one padding length
  Index heads = 1;
  Index t = 0, s = 0;
  Index dq = 0, dk = 0, dv = 0;  ///< of one head
  Index group = 1;               ///< problems that share keys and values
  Shape leading;

  Index problems() const { return batches * heads; }
  /// Offset of a problem's first row in a tensor of `rows` rows with `d` features a head.
  Index offset(Index problem, Index rows, Index d) const {
    return problem / heads * rows * heads * d + problem % heads * d;
  }
  Shape scores_shape() const;
  Shape output_shape() const;
};

/// What a caller of checked_layout allows or asks for.
struct LayoutOptions {
  Index heads = 1;
  bool widths_match = true;  ///< query and key must have equal features
  bool grouped = false;      ///< key and value may have fewer heads, if a divisor of query's
};
/// Throws SHAPE or RANGE, naming `op`.
Layout checked_layout(const char* op, const In& query, const In& key, const In& value, const LayoutOptions& options);

/// The mask of a layout, ready for rows.
class RowMask {
 public:
  /// Throws SHAPE or RANGE where the mask does not fit the layout.
  RowMask(const char* op, const ops::Mask& mask, const Layout& layout);

  struct Row {
    Index begin, end;       ///< the keys that causal, window and padding leave
    const float* additive;  ///< additive[s * step], or null
    Index step;
  };
  Row row(Index problem, Index t) const;

 private:
  const ops::Mask& mask_;
  const Layout& layout_;
  In additive_;  ///< broadcast to the scores
};

}  // namespace attn::detail
