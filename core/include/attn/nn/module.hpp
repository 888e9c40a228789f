#pragma once
// What every layer is: named parameters, parts that are layers themselves, and whether it is being trained.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attn/tensor.hpp"

namespace attn::nn {

/// Names and tensors in the order of registration; names are PyTorch's to the letter, so that weights move both ways.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  /// Of this and all its parts, the parts' behind "part."; each tensor once, under its first name.
  NamedTensors named_parameters() const;
  std::vector<Tensor> parameters() const;
  Index num_parameters() const;

  /// The parameters under all their names, without gradients, sharing their elements.
  NamedTensors state_dict() const;
  /// Copies the elements of tensors with equal names and shapes. Throws FORMAT that lists what is missing, unknown or
  /// of another shape, and then changes nothing; strict = false passes over missing and unknown names.
  void load_state_dict(const NamedTensors& state, bool strict = true);

  /// Dropout drops while training alone.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }

 protected:
  /// A leaf that requires a gradient, or none where x is none.
  Tensor& register_parameter(std::string name, Tensor x);
  template <class M>
  std::shared_ptr<M> register_module(std::string name, std::shared_ptr<M> part) {
    parts_.emplace_back(std::move(name), part);
    return part;
  }

 private:
  void collect(const std::string& prefix, NamedTensors& out) const;

  std::vector<std::pair<std::string, std::unique_ptr<Tensor>>> parameters_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> parts_;
  bool training_ = true;
};

}  // namespace attn::nn
