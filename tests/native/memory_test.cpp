// The fused path never holds a T×S matrix: every allocation of this program is counted while it runs.
#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>

#include "helpers.hpp"

namespace {

std::atomic<std::size_t> allocated{0};  // bytes asked for, ever; frees are not taken off

void* counted(std::size_t bytes, std::size_t alignment) {
  // The sanitizers' allocators end the program where others return null.
  if (bytes > std::numeric_limits<std::size_t>::max() / 4) throw std::bad_alloc();
  allocated += bytes;
  // aligned_alloc wants a multiple of the alignment.
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment + (bytes == 0 ? alignment : 0));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The array and nothrow forms call these.
void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return counted(bytes, static_cast<std::size_t>(alignment)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace test;

TEST_CASE("fused attention over 4096 queries and keys allocates its output and little else") {
  const Index T = 4096, S = 4096, D = 8;
  Random random(1);
  const Tensor q = random.tensor({T, D}), k = random.tensor({S, D}), v = random.tensor({S, D});
  attn::Mask mask;
  mask.causal = true;
  for (const int n : thread_counts()) {
    if (n > 2) break;
    const Threads threads(n);
    const std::size_t tensors = attn::tensor_bytes(), before = allocated;
    const Tensor out = attn::scaled_dot_product_attention(q, k, v, {mask});
    const std::size_t bytes = allocated - before;
    const std::size_t output = static_cast<std::size_t>(T * D) * sizeof(float);
    CHECK(attn::tensor_bytes() - tensors == output);
    // Room for shapes and for scratch of each thread; one row of scores for every query would be 64 MB.
    CHECK(bytes >= output);
    CHECK(bytes < output + 100'000);
  }
}

TEST_CASE("the plain path does hold T×S, which shows that the count counts") {
  Random random(2);
  const Tensor x = random.tensor({256, 4});
  const std::size_t before = allocated;
  attn::attend(x, x, x);
  CHECK(allocated - before > 4 * 256 * 256 * sizeof(float));
}
