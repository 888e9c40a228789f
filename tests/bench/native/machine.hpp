#pragma once
// What the machine can do at all, against which the rest is measured.

#include <string>

namespace bench {

/// Registers the multiply-add loop of an instruction set, on threads of its own: the control for our thread pool.
/// Throws std::invalid_argument for one that has no such loop.
void register_fma(const std::string& instruction_set, int threads);

/// Registers a[i] = b[i] + s·c[i] over 3 × 64 MiB for each thread.
void register_triad(int threads);

}  // namespace bench
