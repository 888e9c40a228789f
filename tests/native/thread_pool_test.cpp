// The thread pool by itself.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
using attn::parallel_for;

namespace {

using Ranges = std::vector<std::pair<Index, Index>>;

/// Which pieces a loop is cut into, by where they start.
Ranges pieces(Index count, Index grain) {
  std::vector<std::atomic<Index>> ends(static_cast<std::size_t>(std::max<Index>(count, 0)));
  parallel_for(count, grain, [&](Index begin, Index end) { ends[static_cast<std::size_t>(begin)] += end; });
  Ranges out;
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (ends[i] != 0) out.emplace_back(static_cast<Index>(i), ends[i]);
  return out;
}

}  // namespace

TEST_CASE("a loop is cut by count and grain alone, and covers everything once") {
  for (const Index count : {0, 1, 2, 7, 8, 9, 100, 1000})
    for (const Index grain : {1, 2, 7, 8, 1000, 5000}) {
      Ranges want;
      for (Index begin = 0; begin < count; begin += grain) want.emplace_back(begin, std::min(begin + grain, count));
      for (const int n : thread_counts()) {
        const Threads threads(n);
        if (pieces(count, grain) != want) FAIL_CHECK("count " << count << " grain " << grain << " threads " << n);
      }
    }
}

TEST_CASE("an empty range runs nothing") {
  for (const int n : thread_counts()) {
    const Threads threads(n);
    parallel_for(0, 4, [](Index, Index) { FAIL("called"); });
  }
}

TEST_CASE("a helper that wakes too late for a loop finds it closed, and takes part in a later one") {
  const Threads threads(thread_counts().back());
  for (int round = 0; round < 3000; ++round) {
    // Long enough, now and then, for helpers to fall asleep: they then wake while the loop runs, or after it.
    if (round % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20 * (round % 10)));
    std::vector<int> calls(static_cast<std::size_t>(2 + round % 5));  // gone when the loop is
    parallel_for(static_cast<Index>(calls.size()), 1,
                 [&](Index begin, Index) { ++calls[static_cast<std::size_t>(begin)]; });
    REQUIRE(std::ranges::all_of(calls, [](int n) { return n == 1; }));
  }
}

TEST_CASE("the number of threads is what was asked for, from 1 to 64") {
  const int before = attn::num_threads();
  for (const int n : thread_counts()) {
    attn::set_num_threads(n);
    CHECK(attn::num_threads() == n);
  }
  attn::set_num_threads(1);
  for (const int bad : {0, -1, attn::kMaxThreads + 1}) {
    check_error(ErrorCode::range, "set_num_threads", {"64", std::to_string(bad)}, [&] { attn::set_num_threads(bad); });
    CHECK(attn::num_threads() == 1);
  }
  attn::set_num_threads(before);
}

TEST_CASE("where threads cannot start the pool says so and goes on with one") {
  if (thread_counts().size() > 1) return;  // here they can
  check_error(ErrorCode::unsupported, "set_num_threads", {"thread"}, [] { attn::set_num_threads(2); });
  CHECK(attn::num_threads() == 1);
  CHECK(pieces(10, 3).size() == 4);
}

TEST_CASE("every thread of the pool takes part") {
  for (const int n : thread_counts()) {
    const Threads threads(n);
    // Each piece waits until all have begun: with fewer threads than pieces that would never be.
    std::atomic<int> begun{0};
    std::atomic<bool> late{false};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    parallel_for(n, 1, [&](Index, Index) {
      ++begun;
      while (begun < n && !late) {
        if (std::chrono::steady_clock::now() > deadline) late = true;
        std::this_thread::yield();
      }
    });
    CHECK(begun == n);
    CHECK_FALSE(late);
  }
}

TEST_CASE("an exception reaches the caller as it was thrown, and the pool works on") {
  for (const int n : thread_counts()) {
    const Threads threads(n);
    for (const Index bad : {0, 5, 99}) {
      check_error(ErrorCode::range, "op", {"[7]"}, [&] {
        parallel_for(100, 1, [&](Index begin, Index) {
          if (begin == bad) throw attn::Error(ErrorCode::range, "op", "[7]", {{7}});
        });
      });
      CHECK(pieces(100, 3).size() == 34);
    }
    // All at once: one of them arrives.
    CHECK_THROWS_WITH_AS(parallel_for(50, 1, [](Index, Index) { throw std::runtime_error("all"); }), "all",
                         std::runtime_error);
    CHECK_THROWS_AS(parallel_for(1, 4, [](Index, Index) { throw 7; }), int);
    CHECK(pieces(100, 3).size() == 34);
  }
}

TEST_CASE("a loop inside a body runs inline, on the thread of the body") {
  for (const int n : thread_counts()) {
    const Threads threads(n);
    std::atomic<Index> sum{0};
    std::atomic<int> strangers{0};
    parallel_for(20, 1, [&](Index outer, Index) {
      const auto here = std::this_thread::get_id();
      parallel_for(30, 4, [&](Index begin, Index end) {
        if (std::this_thread::get_id() != here) ++strangers;
        for (Index i = begin; i < end; ++i) sum += outer * 30 + i;
      });
    });
    CHECK(sum == 600 * 599 / 2);
    CHECK(strangers == 0);
    // Also after an exception in the middle of a body, whose thread must not go on believing that it is inside.
    CHECK_THROWS_AS(parallel_for(20, 1, [](Index, Index) { throw 1; }), int);
    std::atomic<int> begun{0};
    parallel_for(n, 1, [&](Index, Index) {
      ++begun;
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (begun < n && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      if (begun < n) FAIL_CHECK("ran inline");
    });
  }
}

TEST_CASE("one piece runs on the caller") {
  for (const int n : thread_counts()) {
    const Threads threads(n);
    const auto here = std::this_thread::get_id();
    parallel_for(8, 8, [&](Index begin, Index end) {
      CHECK(std::this_thread::get_id() == here);
      CHECK(begin == 0);
      CHECK(end == 8);
    });
  }
}

TEST_CASE("the number of threads may change again and again") {
  const auto counts = thread_counts();
  const Threads restore(attn::num_threads());
  for (int round = 0; round < 40; ++round) {
    attn::set_num_threads(counts[static_cast<std::size_t>(round) % counts.size()]);
    CHECK(pieces(round, 1).size() == static_cast<std::size_t>(round));
  }
}

TEST_CASE("many small loops hand over what they wrote") {
  for (const int n : thread_counts()) {
    if (n > 3) break;
    const Threads threads(n);
    std::vector<Index> data(64);  // not atomic: the pool itself must order the writes
    for (Index round = 1; round <= 2000; ++round) {
      parallel_for(64, 5, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) data[static_cast<std::size_t>(i)] += round;
      });
      if (data[static_cast<std::size_t>(round % 64)] != round * (round + 1) / 2) FAIL("round " << round);
    }
  }
}

TEST_CASE("callers on threads of their own take turns") {
  if (thread_counts().size() == 1) return;  // no threads here
  const Threads threads(2);
  std::atomic<int> lost{0};
  const auto call = [&] {
    for (int i = 0; i < 200; ++i) {
      std::atomic<Index> sum{0};
      parallel_for(100, 7, [&](Index begin, Index end) {
        std::this_thread::yield();  // gives the other caller every chance to come between
        sum += end - begin;
      });
      if (sum != 100) ++lost;
    }
  };
  std::thread first(call), second(call), third(call);
  first.join();
  second.join();
  third.join();
  CHECK(lost == 0);
}
