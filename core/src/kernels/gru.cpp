#include "gru.hpp"

#include "../simd.hpp"
#include "exp.hpp"

namespace attn::kernels {

template <class Arch>
void gru_cell(Index n, const float* x, const float* g, const float* h, float* out) {
  simd::each<Arch>(n, [=, sigmoid = Sigmoid<Arch>(), tanh = Tanh<Arch>()](auto load, auto store) {
    const auto r = sigmoid(load(x) + load(g)), z = sigmoid(load(x + n) + load(g + n));
    const auto fresh = tanh(load(x + 2 * n) + r * load(g + 2 * n));
    store(out, fresh + z * (load(h) - fresh));
  });
}

template <class Arch>
void gru_cell_backward(Index n, const float* x, const float* g, const float* h, const float* gradient, float* to_x,
                       float* to_g, float* to_h) {
  using V = simd::batch<Arch>;
  simd::each<Arch>(n, [=, one = V(1.0f), sigmoid = Sigmoid<Arch>(), tanh = Tanh<Arch>()](auto load, auto store) {
    const V r = sigmoid(load(x) + load(g)), z = sigmoid(load(x + n) + load(g + n));
    const V recurrent = load(g + 2 * n), fresh = tanh(load(x + 2 * n) + r * recurrent);
    const V to_out = load(gradient);
    // out = n + z (h - n)
    store(to_h, to_out * z);
    const V to_z = to_out * (load(h) - fresh) * z * (one - z);
    store(to_x + n, to_z);
    store(to_g + n, to_z);
    // n = tanh(x_n + r g_n)
    const V to_fresh = to_out * (one - z) * (one - fresh * fresh);
    store(to_x + 2 * n, to_fresh);
    store(to_g + 2 * n, to_fresh * r);
    const V to_r = to_fresh * recurrent * r * (one - r);
    store(to_x, to_r);
    store(to_g, to_r);
  });
}

template void gru_cell<simd::Arch>(Index, const float*, const float*, const float*, float*);
template void gru_cell_backward<simd::Arch>(Index, const float*, const float*, const float*, const float*, float*,
                                            float*, float*);

}  // namespace attn::kernels
