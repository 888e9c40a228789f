#include <limits>
#include <numbers>

#include "attn/optim.hpp"
#include "common.hpp"

namespace attn::optim {

Schedule constant(double lr) {
  require(lr >= 0 && std::isfinite(lr), "constant", "lr must be 0 or more and finite", lr);
  return [lr](Index) { return lr; };
}

Schedule warmup_cosine(const WarmupCosineOptions& o) {
  constexpr const char* op = "warmup_cosine";
  require(o.lr >= 0 && std::isfinite(o.lr), op, "lr must be 0 or more and finite", o.lr);
  require(o.min_lr >= 0 && o.min_lr <= o.lr, op, "min_lr must be from 0 to lr", o.min_lr);
  if (o.warmup_steps < 0 || o.warmup_steps >= o.total_steps)
    throw Error(ErrorCode::range, op,
                "warmup_steps must be at least 0 and below total_steps, got " + std::to_string(o.warmup_steps) +
                    " of " + std::to_string(o.total_steps));
  return [o](Index step) {
    const auto at = static_cast<double>(step), warmup = static_cast<double>(o.warmup_steps);
    if (step < o.warmup_steps) return o.lr * (at + 1) / (warmup + 1);
    const double share = std::min(1.0, (at - warmup) / (static_cast<double>(o.total_steps) - warmup));
    return o.min_lr + (o.lr - o.min_lr) * (1 + std::cos(std::numbers::pi * share)) / 2;
  };
}

EarlyStopping::EarlyStopping(Index patience, double min_delta)
    : patience_(patience), min_delta_(min_delta), best_loss_(std::numeric_limits<double>::infinity()) {
  if (patience < 1)
    throw Error(ErrorCode::range, "EarlyStopping", "patience must be at least 1, got " + std::to_string(patience));
  require(min_delta >= 0 && std::isfinite(min_delta), "EarlyStopping", "min_delta must be 0 or more and finite",
          min_delta);
}

bool EarlyStopping::stop(Index step, double loss) {
  if (loss < best_loss_ - min_delta_) {
    best_loss_ = loss;
    best_step_ = step;
    worse_ = 0;
  } else {
    ++worse_;
  }
  return worse_ >= patience_;
}

}  // namespace attn::optim
