// E7: overfitting and its cures, and what noise in the input does to attention.
#include <algorithm>
#include <cmath>
#include <ostream>

#include "training.hpp"

namespace documents {

using attn::models::Classifier;

namespace {

constexpr std::size_t kTrain = 512, kValidation = 512;
constexpr double kWrongLabels = 0.2;
constexpr Index kEpochs = 40, kPatience = 4;

struct Cure {
  const char* name;
  double dropout = 0, weight_decay = 0;
  bool early_stopping = false;
};

Curve train_with(const Cure& cure, const Sentiment& data, const std::vector<Sentence>& train,
                 const std::vector<Sentence>& validation) {
  attn::manual_seed(8);
  attn::Generator order(8);
  Classifier model({.vocab_size = data.vocabulary,
                    .max_length = data.longest,
                    .num_classes = 1,
                    .d_model = 32,
                    .num_heads = 2,
                    .num_layers = 1,
                    .dropout = cure.dropout,
                    .positions = attn::models::Positions::none,
                    .pooling = attn::models::Pooling::attention});
  attn::optim::Adam adam(model.parameters(), {.lr = 1e-3, .weight_decay = cure.weight_decay});
  attn::optim::EarlyStopping patience(kPatience);
  Curve curve{.cure = cure.name};
  for (Index epoch = 0; epoch < kEpochs; ++epoch) {
    train_epoch(model, adam, train, order);
    curve.train.push_back(evaluate(model, train));
    curve.validation.push_back(evaluate(model, validation));
    curve.kept = epoch;
    if (cure.early_stopping && patience.stop(epoch, curve.validation.back().loss)) break;
  }
  if (cure.early_stopping) curve.kept = patience.best_step();
  return curve;
}

}  // namespace

std::array<Curve, 4> train_e7(std::ostream& log) {
  attn::Generator order(9);
  const Sentiment data = sentiment("en");
  std::vector<Sentence> all = sample(data.train, kTrain + kValidation, order);
  std::vector<Sentence> train(all.begin(), all.begin() + kTrain);
  const std::vector<Sentence> validation(all.begin() + kTrain, all.end());
  for (Sentence& sentence : train)
    if (order.uniform() < kWrongLabels) sentence.label = 1 - sentence.label;

  constexpr Cure cures[] = {{.name = "none"},
                            {.name = "dropout", .dropout = 0.3},
                            {.name = "L2", .weight_decay = 5e-2},
                            {.name = "early stopping", .early_stopping = true}};
  std::array<Curve, 4> curves;
  std::ranges::transform(cures, curves.begin(),
                         [&](const Cure& cure) { return train_with(cure, data, train, validation); });
  for (const Curve& curve : curves) {
    const auto at = static_cast<std::size_t>(curve.kept);
    log << "  " << curve.cure << ": " << curve.train.size() << " epochs, kept " << curve.kept + 1 << ": train loss "
        << curve.train[at].loss << ", validation loss " << curve.validation[at].loss << ", accuracy "
        << curve.validation[at].accuracy << "\n";
    for (std::size_t epoch = 0; epoch < curve.train.size(); epoch += 5)
      log << "    epoch " << epoch + 1 << ": train " << curve.train[epoch].loss << ", validation "
          << curve.validation[epoch].loss << "\n";
  }
  return curves;
}

std::vector<Shift> attention_under_noise(Classifier& model, const std::vector<Sentence>& sentences, std::ostream& log) {
  const attn::NoGrad quiet;
  model.eval();
  const auto weights_with = [&](double noise) {
    attn::Generator draw(10);
    Tensor weights;
    answer(model, sentences, 0, sentences.size(), attn::Probe([&](const std::string& name, const Tensor& x) {
             if (name.ends_with("layers.0.self_attn.weights")) weights = x;
             if (name != "embed") return x;
             double squares = 0;
             for (const float v : x.values()) squares += static_cast<double>(v) * static_cast<double>(v);
             const double deviation = noise * std::sqrt(squares / static_cast<double>(x.numel()));
             const Tensor disturbed = Tensor::empty(x.shape());
             std::ranges::transform(x.values(), disturbed.data(),
                                    [&](float v) { return v + static_cast<float>(deviation * draw.normal()); });
             return disturbed;
           }));
    return weights;
  };
  const Tensor calm = weights_with(0);
  std::vector<Shift> shifts;
  for (const double noise : {0.0, 0.125, 0.25, 0.5, 1.0, 2.0}) {
    const Tensor weights = weights_with(noise);
    double distance = 0;
    for (std::size_t i = 0; i < calm.values().size(); ++i)
      distance += std::abs(static_cast<double>(calm.values()[i]) - static_cast<double>(weights.values()[i])) / 2;
    shifts.push_back({noise, distance / static_cast<double>(calm.numel() / calm.size(-1))});
    log << "  noise " << noise << " of the embeddings': attention moves by " << shifts.back().moved << "\n";
  }
  return shifts;
}

}  // namespace documents
