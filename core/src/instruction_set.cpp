#include "attn/instruction_set.hpp"

#include "attn/error.hpp"
#include "simd.hpp"

namespace attn {

namespace {

/// f(position, name) for every set of this build that this processor can run.
template <class F>
void for_each_available(F f) {
  [[maybe_unused]] const auto processor = xsimd::available_architectures();
  int at = 0;
  const auto visit = [&]<class A>(A) {
#if defined(__x86_64__)
    if (processor.has(A{})) f(at, A::name());
#else
    f(at, A::name());  // the build has one, and runs
#endif
    ++at;
  };
  [&]<class... A>(xsimd::arch_list<A...>) { (visit(A{}), ...); }(simd::Archs{});
}

int& chosen_position() {
  static int position = [] {
    int best = -1;
    for_each_available([&](int at, const char*) { best = best < 0 ? at : best; });
    if (best < 0)
      throw Error(ErrorCode::unsupported, "instruction_set", "this processor is too old: SSE4.2 is the least that is needed");
    return best;
  }();
  return position;
}

}  // namespace

int simd::chosen() { return chosen_position(); }

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for_each_available([&](int, const char* name) { names.emplace_back(name); });
  return names;
}

std::string instruction_set() {
  std::string result;
  for_each_available([&](int at, const char* name) {
    if (at == simd::chosen()) result = name;
  });
  return result;
}

void set_instruction_set(std::string_view name) {
  int found = -1;
  std::string all;
  for_each_available([&](int at, const char* own) {
    if (own == name) found = at;
    all += (all.empty() ? "" : ", ") + std::string(own);
  });
  if (found < 0)
    throw Error(ErrorCode::range, "set_instruction_set",
                "expected one of " + all + ", got " + std::string(name));
  chosen_position() = found;
}

}  // namespace attn
