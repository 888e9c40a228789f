#pragma once
// How much memory a call needs beside what is there already.

#include <functional>
#include <optional>

namespace bench {

/// Bytes of resident memory that `call` needed at its height, beyond what the process had; nothing where the system
/// does not tell. Only a first call tells all: later ones find what it left.
std::optional<double> peak_extra_bytes(const std::function<void()>& call);

}  // namespace bench
