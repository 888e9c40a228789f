// Schedules of the learning rate, and early stopping.
#include "helpers.hpp"

using namespace test;
using attn::ErrorCode;
namespace optim = attn::optim;

TEST_CASE("schedules refuse what makes no sense") {
  CHECK(optim::constant(0.5)(1000) == 0.5);
  check_error(ErrorCode::range, "constant", {"-1"}, [] { optim::constant(-1); });
  const auto refused = [](std::initializer_list<std::string_view> pieces, const optim::WarmupCosineOptions& o) {
    check_error(ErrorCode::range, "warmup_cosine", pieces, [&] { optim::warmup_cosine(o); });
  };
  refused({"lr", "-1"}, {.lr = -1, .total_steps = 5});
  refused({"min_lr", "2"}, {.lr = 1, .total_steps = 5, .min_lr = 2});
  refused({"warmup_steps", "5"}, {.lr = 1, .total_steps = 5, .warmup_steps = 5});
  refused({"warmup_steps", "-1"}, {.lr = 1, .total_steps = 5, .warmup_steps = -1});
}

TEST_CASE("early stopping waits for its patience, and knows the best step") {
  optim::EarlyStopping plain(2);
  CHECK(plain.best_step() == -1);
  const std::vector<std::pair<double, bool>> losses{
      {3, false}, {2, false}, {2, false}, {1.9, false}, {static_cast<double>(kNan), false}, {1.9, true}, {1, false}};
  Index step = 10;
  for (const auto& [loss, stop] : losses) CHECK(plain.stop(step++, loss) == stop);
  CHECK(plain.best_step() == 16);
  CHECK(plain.best_loss() == 1);

  optim::EarlyStopping strict(2, 0.5);
  CHECK(!strict.stop(0, 2));
  CHECK(!strict.stop(1, 1.5));
  CHECK(strict.stop(2, 1.6));
  CHECK(strict.best_step() == 0);
  check_error(ErrorCode::range, "EarlyStopping", {"patience", "0"}, [] { optim::EarlyStopping{0}; });
  check_error(ErrorCode::range, "EarlyStopping", {"min_delta", "-1"}, [] { optim::EarlyStopping(1, -1); });
}
