#include "attn/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "attn/error.hpp"

namespace attn {
namespace {

/// True on a thread that is inside a body: a nested parallel_for runs inline there.
thread_local bool inside = false;

/// How long a thread looks out for work before it sleeps: waking it costs about as much.
constexpr std::chrono::microseconds kSpin{50};

/// Spins until ready() or for kSpin; true if ready.
template <class Ready>
bool spin(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i)
      if (ready()) return true;
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

/// Helpers look out for a new generation number, then sleep until there is one; they take pieces from one atomic
/// counter beside the caller. When none is left the caller closes the job and looks out for the last helper inside to
/// finish: one that was too slow to wake finds it closed, and nobody waits for it.
class Pool {
 public:
  ~Pool() { stop(); }

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  void resize(int n) {
    stop();
    try {
      while (threads() < n) helpers_.emplace_back([this, seen = generation_.load()] { help(seen); });
    } catch (const std::system_error& failure) {
      stop();
      throw Error(ErrorCode::unsupported, "set_num_threads",
                  "threads cannot start here (" + std::string(failure.what()) + "); going on with 1");
    }
  }

  void run(Index count, Index grain, const Body& body) {
    const std::lock_guard one_job(jobs_);  // callers on threads of their own take turns
    count_ = count;
    grain_ = grain;
    body_ = &body;
    failure_ = nullptr;
    next_ = 0;
    helping_ -= kClosed;
    announce();
    take_pieces();
    helping_ += kClosed;
    const auto alone = [this] { return helping_ == kClosed; };
    if (!spin(alone)) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, alone);
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// What `helping_` counts from while there is no job to enter.
  static constexpr int kClosed = -2 * kMaxThreads;

  /// The job's fields are written before it opens, and only read inside.
  bool enter() {
    int helping = helping_;
    while (helping >= 0)
      if (helping_.compare_exchange_weak(helping, helping + 1)) return true;
    return false;
  }

  void leave() {
    if (--helping_ != kClosed) return;
    const std::lock_guard lock(mutex_);  // the caller must not fall asleep between its look and the call
    done_.notify_one();
  }

  void announce() {
    {
      const std::lock_guard lock(mutex_);
      ++generation_;
    }
    if (sleeping_ > 0) wake_.notify_all();
  }

  void help(unsigned seen) {
    const auto changed = [&] { return generation_ != seen || stopping_; };
    for (;;) {
      if (!spin(changed)) {
        std::unique_lock lock(mutex_);
        ++sleeping_;
        wake_.wait(lock, changed);
        --sleeping_;
      }
      if (stopping_) return;
      seen = generation_;
      if (!enter()) continue;
      take_pieces();
      leave();
    }
  }

  void take_pieces() {
    inside = true;
    for (Index begin; (begin = next_.fetch_add(1) * grain_) < count_;) {
      try {
        (*body_)(begin, std::min(begin + grain_, count_));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
    }
    inside = false;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& helper : helpers_) helper.join();
    helpers_.clear();
    stopping_ = false;
  }

  std::vector<std::thread> helpers_;
  std::mutex jobs_, mutex_;
  std::condition_variable wake_, done_;
  // The job.
  Index count_ = 0, grain_ = 1;
  const Body* body_ = nullptr;
  std::exception_ptr failure_;
  std::atomic<Index> next_{0};
  std::atomic<int> helping_{kClosed};  ///< helpers inside the job
  std::atomic<int> sleeping_{0};
  std::atomic<unsigned> generation_{0};
  std::atomic<bool> stopping_{false};
};

Pool& pool() {
  static Pool instance;
  return instance;
}

}  // namespace

void set_num_threads(int n) {
  if (n < 1 || n > kMaxThreads)
    throw Error(
        ErrorCode::range, "set_num_threads",
        "the number of threads must be from 1 to " + std::to_string(kMaxThreads) + ", got " + std::to_string(n));
  if (n != pool().threads()) pool().resize(n);
}

int num_threads() { return pool().threads(); }

void parallel_for(Index count, Index grain, const Body& body) {
  if (count <= 0) return;
  grain = std::max<Index>(grain, 1);
  if (count <= grain || inside || pool().threads() == 1) {
    // The same pieces as the threads would take, so that a body may rely on them.
    for (Index begin = 0; begin < count; begin += grain) body(begin, std::min(begin + grain, count));
    return;
  }
  pool().run(count, grain, body);
}

}  // namespace attn
