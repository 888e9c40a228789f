#include "attention_masks.hpp"

#include <algorithm>

#include "../functional/common.hpp"

namespace attn::nn {

Tensor additive_mask(const char* op, const char* what, const Tensor& mask) {
  if (mask.dtype() == DType::float32) return mask;
  if (mask.dtype() != DType::int32)
    throw Error(ErrorCode::type, op, std::string(what) + " must be int32 or float32, got " + to_string(mask.dtype()));
  return detail::chosen(mask, 0, detail::kForbidden);
}

Mask padding_mask(const char* op, const Tensor& given, Index batches, Index keys, bool lengths) {
  const Shape wanted = given.rank() == 1 && batches == 1 ? Shape{keys} : Shape{batches, keys};
  if (given.shape() != wanted)
    throw Error(ErrorCode::shape, op,
                "key_padding_mask must be " + to_string(wanted) + ", got " + to_string(given.shape()),
                {wanted, given.shape()});
  const auto stays = [](std::int32_t value) { return value == 0; };
  if (lengths && given.dtype() == DType::int32) {
    const Tensor rows = contiguous(given), counts = Tensor::empty({batches}, DType::int32);
    bool ends = true;
    for (Index b = 0; b < batches && ends; ++b) {
      const auto row =
          rows.values<std::int32_t>().subspan(static_cast<std::size_t>(b * keys), static_cast<std::size_t>(keys));
      ends = std::ranges::is_partitioned(row, stays);
      counts.data<std::int32_t>()[b] = static_cast<std::int32_t>(std::ranges::count_if(row, stays));
    }
    if (ends) return {.lengths = counts};
  }
  return {.additive = reshape(additive_mask(op, "key_padding_mask", given), {batches, 1, keys})};
}

}  // namespace attn::nn
