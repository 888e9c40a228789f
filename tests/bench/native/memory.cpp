#include "memory.hpp"

#include <fstream>
#include <string>

namespace bench {
namespace {

/// VmHWM, the greatest resident size so far. Not getrusage's ru_maxrss, which a child inherits from the one who started
/// it; not a count in operator new, which misses stacks and counts what is never touched.
std::optional<double> resident_peak() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
  }
  return std::nullopt;
}

/// Sets VmHWM back to the present size (proc(5), clear_refs). Where that is not allowed the result is too small by
/// what the process has freed before; a fresh one has freed little.
void reset_resident_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

std::optional<double> peak_extra_bytes(const std::function<void()>& call) {
  reset_resident_peak();
  const auto before = resident_peak();
  call();
  const auto after = resident_peak();
  if (!before || !after) return std::nullopt;
  return *after - *before;
}

}  // namespace bench
