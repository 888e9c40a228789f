#pragma once
// The instruction set that the kernels use; the best that the processor has, unless told.

#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// Those that this build holds and this processor can run, best first: "avx512bw", "fma3+avx2", "sse4.2" on x86,
/// "arm64+neon" on ARM, "wasm" in WebAssembly.
std::vector<std::string> instruction_sets();

/// The one in use.
std::string instruction_set();

/// For tests and benchmarks: results differ from one set to another by the rounding of fused multiply-add and the order of
/// sums. Throws RANGE unless instruction_sets() has the name. Not while an operator runs.
void set_instruction_set(std::string_view name);

}  // namespace attn
