#include "machine.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "peak.hpp"

namespace bench {
namespace {

struct Loop {
  const char* instruction_set;
  double (*run)(std::int64_t rounds, float* number);
};

#if defined(__x86_64__)
constexpr std::array loops{
    Loop{xsimd::avx512bw::name(), multiply_adds<xsimd::avx512bw>},
    Loop{xsimd::fma3<xsimd::avx2>::name(), multiply_adds<xsimd::fma3<xsimd::avx2>>},
    Loop{xsimd::sse4_2::name(), multiply_adds<xsimd::sse4_2>},
};
#else
constexpr std::array loops{Loop{xsimd::default_arch::name(), multiply_adds<xsimd::default_arch>}};
#endif

const Loop& loop_of(const std::string& instruction_set) {
  for (const Loop& loop : loops) {
    if (loop.instruction_set == instruction_set) return loop;
  }
  throw std::invalid_argument("There is no multiply-add loop for " + instruction_set + ".");
}

/// Three arrays of 67 MB: beyond the second-level cache of any processor, and beyond the third of nearly all.
constexpr std::size_t kTriadFloats = std::size_t{16} << 20;

}  // namespace

void register_fma(const std::string& instruction_set, int threads) {
  const auto measure = [loop = loop_of(instruction_set)](benchmark::State& state) {
    double operations = 0;
    for ([[maybe_unused]] auto _ : state) {
      float number = 1;
      operations += loop.run(100'000, &number);
      benchmark::DoNotOptimize(number);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(operations));
  };
  benchmark::RegisterBenchmark("fma", measure)->Threads(threads)->UseRealTime();
}

void register_triad(int threads) {
  const auto measure = [](benchmark::State& state) {
    std::vector<float> a(kTriadFloats), b(kTriadFloats, 1.0f), c(kTriadFloats, 2.0f);
    for ([[maybe_unused]] auto _ : state) {
      for (std::size_t i = 0; i < kTriadFloats; ++i) a[i] = b[i] + 3.0f * c[i];
      benchmark::ClobberMemory();
    }
    // As STREAM counts: two arrays read, one written; what a cache reads in order to write is not counted.
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(3 * kTriadFloats * sizeof(float)));
  };
  benchmark::RegisterBenchmark("triad", measure)->Threads(threads)->UseRealTime();
}

}  // namespace bench
