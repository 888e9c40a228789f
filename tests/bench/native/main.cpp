// Measures one case with Google Benchmark, whose options (--benchmark_repetitions, --benchmark_format=json, ...) hold:
//   attn_bench gemm 512 512 512 | attention 8 1024 1024 64 | causal ... | backward ... |
//     causal_backward ... | materialised ... | parallel_for | fma | triad |
//     gpt_step 32 24 32 2 2 21 0
//     [--threads=N] [--isa=NAME] [--inputs=FILE] [--output=FILE]
//   attn_bench list          the instruction sets, best first
// The list of cases is the driver's (tests/bench/native.mjs); it hands over the inputs in a file of float32 and reads
// the output of the first call from another.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "attn/instruction_set.hpp"
#include "attn/random.hpp"
#include "attn/thread_pool.hpp"
#include "machine.hpp"
#include "memory.hpp"
#include "work.hpp"

namespace {

struct Options {
  std::string name{};
  bench::Sizes sizes{};
  int threads = 1;
  std::string instruction_set = attn::instruction_sets().front();
  std::string inputs{}, output{};
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value = std::string(argument.substr(std::min(argument.find('=') + 1, argument.size())));
    if (argument.starts_with("--threads="))
      options.threads = std::stoi(value);
    else if (argument.starts_with("--isa="))
      options.instruction_set = value;
    else if (argument.starts_with("--inputs="))
      options.inputs = value;
    else if (argument.starts_with("--output="))
      options.output = value;
    else if (argument.starts_with("--"))
      throw std::invalid_argument("Unknown option " + std::string(argument));
    else if (options.name.empty())
      options.name = argument;
    else
      options.sizes.push_back(std::stol(std::string(argument)));
  }
  if (options.name.empty()) throw std::invalid_argument("Which case? (tests/bench/native/main.cpp lists them)");
  return options;
}

void fill(const bench::Work& work, const std::string& file) {
  if (file.empty()) {
    attn::Generator random(1);
    for (const auto& input : work.inputs)
      std::ranges::generate(input->numbers, [&] { return static_cast<float>(random.normal()); });
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  for (const auto& input : work.inputs) {
    stream.read(reinterpret_cast<char*>(input->numbers.data()),
                static_cast<std::streamsize>(input->numbers.size() * sizeof(float)));
  }
  if (!stream || stream.peek() != std::ifstream::traits_type::eof())
    throw std::runtime_error(file + " does not hold this case's inputs.");
}

void write(const bench::Array& output, const std::string& file) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(output.numbers.data()),
               static_cast<std::streamsize>(output.numbers.size() * sizeof(float)));
  if (!stream.flush()) throw std::runtime_error("Could not write " + file);
}

/// The first call warms up, is checked by the driver, and tells the memory that the case takes.
void register_work(const Options& options) {
  attn::set_instruction_set(options.instruction_set);
  attn::set_num_threads(options.threads);
  const bench::Work work = bench::work_of(options.name, options.sizes);
  fill(work, options.inputs);
  const auto extra = bench::peak_extra_bytes(work.call);
  if (!options.output.empty() && work.output) write(*work.output, options.output);
  const auto measure = [work, extra](benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state) work.call();
    if (extra) state.counters["extra_bytes"] = *extra;
  };
  benchmark::RegisterBenchmark(options.name.c_str(), measure)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  const Options options = parse(argc, argv);
  if (options.name == "list") {
    for (const std::string& name : attn::instruction_sets()) std::puts(name.c_str());
    return 0;
  }
  if (options.name == "fma")
    bench::register_fma(options.instruction_set, options.threads);
  else if (options.name == "triad")
    bench::register_triad(options.threads);
  else
    register_work(options);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "attn_bench: %s\n", error.what());
  return 1;
}
