#include "work.hpp"

#include <array>
#include <stdexcept>

namespace bench {
namespace {

struct Kind {
  const char* name;
  std::size_t sizes;
  Work (*make)(const Sizes&);
};

constexpr std::array kinds{
    Kind{"gemm", 3, matmul},
    Kind{"attention", 4, attention},
    Kind{"causal", 4, causal_attention},
    Kind{"backward", 4, attention_backward},
    Kind{"causal_backward", 4, causal_attention_backward},
    Kind{"materialised", 4, materialised_attention},
    Kind{"parallel_for", 0, empty_parallel_for},
    Kind{"gpt_step", 7, gpt_step},
};

}  // namespace

Work work_of(const std::string& name, const Sizes& sizes) {
  for (const Kind& kind : kinds) {
    if (kind.name != name) continue;
    if (sizes.size() != kind.sizes) {
      throw std::invalid_argument(name + " takes " + std::to_string(kind.sizes) + " sizes.");
    }
    return kind.make(sizes);
  }
  throw std::invalid_argument("There is no case called " + name + ".");
}

}  // namespace bench
