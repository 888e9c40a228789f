#include "heads.hpp"

namespace attn::detail {

namespace {

/// Which projection holds a part, and where among its heads.
struct Place {
  std::size_t projection;
  Index first, count;
};

enum class Part { query, key, value };

Place place_of(const Heads& h, Part part) {
  const Index before[] = {0, h.num_heads, h.num_heads + h.num_kv_heads};
  const auto at = static_cast<std::size_t>(part);
  const std::size_t projection = std::min(at, h.projected.size() - 1);
  return {projection, before[at] - before[projection], part == Part::query ? h.num_heads : h.num_kv_heads};
}

/// The heads of a place in x, [B,N,T,D]: a view.
Tensor view_of(const Heads& h, const Tensor& x, const Place& place) {
  const Tensor apart = reshape(x, {x.size(0), x.size(1), x.size(2) / h.head_dim, h.head_dim});
  const Tensor own = slice(apart, 2, place.first, place.first + place.count);
  return permute(own, h.batch_first ? Shape{0, 2, 1, 3} : Shape{1, 2, 0, 3});
}

Tensor heads_of(const Heads& h, Part part) {
  const Place place = place_of(h, part);
  const Tensor x = view_of(h, h.projected[place.projection], place);
  return h.rotary_base && part != Part::value ? rotary(x, h.first_position, *h.rotary_base) : x;
}

}  // namespace

Tensor Heads::query() const { return heads_of(*this, Part::query); }
Tensor Heads::key() const { return heads_of(*this, Part::key); }
Tensor Heads::value() const { return heads_of(*this, Part::value); }

Tensor Heads::parted(const Tensor& joined) const { return view_of(*this, joined, {0, 0, num_heads}); }

Tensor join_heads(const Tensor& x, bool batch_first) {
  const Tensor rows = permute(x, batch_first ? Shape{0, 2, 1, 3} : Shape{2, 0, 1, 3});
  return reshape(rows, {rows.size(0), rows.size(1), x.size(1) * x.size(3)});
}

Tensor attend_heads(const Heads& heads, const Mask& mask) {
  const SdpaOptions options{.mask = mask, .enable_gqa = heads.num_kv_heads != heads.num_heads};
  Tensor q, k, v, out;
  FusedAttention attended;
  {
    const NoGrad quiet;
    q = contiguous(heads.query()), k = contiguous(heads.key()), v = contiguous(heads.value());
    attended = fused_attention(q, k, v, options);
    out = join_heads(attended.output, heads.batch_first);
  }
  if (recording(heads.projected)) {
    Heads shapes = heads;  // the layout alone: the projections themselves are not needed, and may go
    std::vector<Shape> projected;
    for (Tensor& x : shapes.projected) {
      projected.push_back(x.shape());
      x = {};
    }
    record("multi_head_attention", out, heads.projected,
           [shapes, projected, options, q = Saved(q), k = Saved(k), v = Saved(v), output = Saved(attended.output),
            lse = Saved(attended.lse)](const Tensor& g, Gradients& to) {
             const Tensor to_output = shapes.parted(g);
             const AttentionGradients found =
                 fused_attention_backward(q.get(), k.get(), v.get(), options, {output.get(), lse.get()}, to_output);
             std::vector<Tensor> gradients;
             for (const Shape& shape : projected) gradients.push_back(Tensor::empty(shape));
             for (const auto& [part, x] :
                  {std::pair{Part::query, found.query}, {Part::key, found.key}, {Part::value, found.value}}) {
               const Place place = place_of(shapes, part);
               const Tensor goal = view_of(shapes, gradients[place.projection], place);
               if (shapes.rotary_base && part != Part::value)
                 rotate(x, shapes.first_position, *shapes.rotary_base, true, goal);
               else
                 ops::copy<float>(x.view(), goal.out());
             }
             for (std::size_t i = 0; i < gradients.size(); ++i) to.add(i, gradients[i]);
           });
  }
  return out;
}

}  // namespace attn::detail
