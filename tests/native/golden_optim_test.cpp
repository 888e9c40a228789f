// Optimisers, clipping and schedules against what PyTorch computed: tests/golden/make_optim.py.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "golden.hpp"

using namespace test;
using nlohmann::json;
namespace optim = attn::optim;

namespace {

json settings() { return json::parse(read_golden("optim.json")); }

std::vector<Tensor> leaves(const json& list) {
  std::vector<Tensor> out;
  for (const json& numbers : list) out.push_back(golden::nested_tensor(numbers).set_requires_grad(true));
  return out;
}

void give_gradients(const std::vector<Tensor>& to, const json& row) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i].set_grad(row[i].is_null() ? Tensor() : golden::nested_tensor(row[i]));
}

/// To 1e-5 of the largest element. Five steps are some fifty roundings of 2^-24 each, 3e-6.
void check_golden(const Tensor& got, const json& numbers) {
  const Array want = golden::nested_array(numbers);
  double most = 0;
  for (const double x : want.data) most = std::max(most, std::abs(x));
  check_close(got, want, 1e-5 * most);
}

double get(const json& options, const char* name, double otherwise) { return options.value(name, otherwise); }

template <class Options>
Options adam_options(const json& o) {
  Options out;
  out.lr = get(o, "lr", out.lr);
  out.betas = {get(o, "beta1", out.betas[0]), get(o, "beta2", out.betas[1])};
  out.eps = get(o, "eps", out.eps);
  out.weight_decay = get(o, "weight_decay", out.weight_decay);
  out.amsgrad = get(o, "amsgrad", 0) != 0;
  return out;
}

std::unique_ptr<optim::Optimizer> make(const std::string& name, const std::vector<Tensor>& parameters, const json& o) {
  if (name == "Adam") return std::make_unique<optim::Adam>(parameters, adam_options<optim::AdamOptions>(o));
  if (name == "AdamW") return std::make_unique<optim::AdamW>(parameters, adam_options<optim::AdamWOptions>(o));
  REQUIRE(name == "SGD");
  return std::make_unique<optim::SGD>(
      parameters, optim::SGDOptions{get(o, "lr", 1e-3), get(o, "momentum", 0), get(o, "dampening", 0),
                                    get(o, "weight_decay", 0), get(o, "nesterov", 0) != 0});
}

}  // namespace

TEST_CASE("five steps of every optimiser and option are PyTorch's, and so is what it remembers") {
  const json all = settings();
  for (const json& row : all.at("cases")) {
    const std::string name = row.at("optimizer"), options = row.at("options").dump();
    CAPTURE(name);
    CAPTURE(options);
    const std::vector<Tensor> parameters = leaves(all.at("parameters"));
    const auto optimizer = make(name, parameters, row.at("options"));
    for (std::size_t t = 0; t < row.at("steps").size(); ++t) {
      CAPTURE(t);
      give_gradients(parameters, all.at("gradients")[t]);
      optimizer->step();
      for (std::size_t i = 0; i < parameters.size(); ++i) check_golden(parameters[i], row.at("steps")[t][i]);
    }
    std::size_t remembered = 0;
    for (const auto& [key, x] : optimizer->state_dict().tensors) {
      CAPTURE(key);
      if (key.ends_with(".step")) {
        CHECK(*x.data<std::int32_t>() == (key == "state.0.step" ? 5 : 4));  // the others' gradients come four times
        continue;
      }
      REQUIRE(row.at("state").contains(key));
      check_golden(x, row.at("state").at(key));
      ++remembered;
    }
    CHECK(remembered == row.at("state").size());
  }
}

TEST_CASE("clipping gives PyTorch's norms and gradients") {
  const json all = settings();
  for (const json& row : all.at("clips")) {
    const double p = row.at("norm_type").is_string() ? static_cast<double>(kInf) : row.at("norm_type").get<double>();
    CAPTURE(p);
    const std::vector<Tensor> parameters = leaves(all.at("parameters"));
    give_gradients(parameters, all.at("gradients")[0]);
    const double norm = optim::clip_grad_norm(parameters, row.at("max_norm"), p);
    CHECK(norm == doctest::Approx(row.at("norm").get<double>()).epsilon(1e-8));  // in double; the file has 9 digits
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (row.at("gradients")[i].is_null())
        CHECK(!parameters[i].grad().defined());
      else  // the factor's rounding and the product's
        check_close(parameters[i].grad(), golden::nested_array(row.at("gradients")[i]),
                    reference::map([](double x) { return 3 * tolerance::rounding * std::abs(x); },
                                   golden::nested_array(row.at("gradients")[i])));
  }
}

TEST_CASE("warm-up and cosine are PyTorch's") {
  const json all = settings();
  for (const json& row : all.at("schedules")) {
    const optim::Schedule schedule =
        optim::warmup_cosine({row.at("lr"), row.at("total_steps"), row.at("warmup_steps"), row.at("min_lr")});
    Index step = 0;
    for (const json& value : row.at("values"))
      CHECK(schedule(step++) == doctest::Approx(value.get<double>()).epsilon(1e-8));  // the file has 9 digits
    CHECK(schedule(step + 5) == row.at("min_lr").get<double>());
  }
}
