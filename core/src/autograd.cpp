#include "attn/autograd.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "attn/error.hpp"
#include "attn/ops.hpp"

namespace attn {

namespace {

thread_local bool enabled = true;
bool anomalies = false;

}  // namespace

NoGrad::NoGrad() : before_(std::exchange(enabled, false)) {}
NoGrad::~NoGrad() { enabled = before_; }
bool grad_enabled() { return enabled; }

void set_detect_anomaly(bool on) { anomalies = on; }
bool detect_anomaly() { return anomalies; }

namespace autograd {

/// What an operator left: how its result depends on its inputs.
struct Node {
  /// An input: a leaf, or the node that made it, or neither where no gradient is wanted.
  struct Edge {
    Tensor leaf{};
    std::shared_ptr<Node> node{};
  };

  const char* op = "";
  std::vector<Edge> inputs{};
  Backward backward{};  ///< empty once it has run
  Tensor pending{};     ///< the gradient of the result, as far as it has come

  ~Node() {
    // A chain of thousands of nodes would otherwise be freed by as many nested calls. What an operator kept goes first:
    // it may be the last to hold, beside the edges, what made its inputs.
    std::vector<Edge> left = std::move(inputs);
    backward = {};
    while (!left.empty()) {
      const std::shared_ptr<Node> node = std::move(left.back().node);
      left.pop_back();
      if (!node || node.use_count() > 1) continue;
      std::ranges::move(node->inputs, std::back_inserter(left));
      node->inputs.clear();
      node->backward = {};
    }
  }

  /// add(total, is_leaf) on the gradient of an input, so far.
  template <class F>
  static void accumulate(const Edge& edge, F add) {
    if (edge.node) return add(edge.node->pending, false);
    struct Taken {  // held by nobody else while it is added to, and given back whatever happens
      const Tensor& leaf;
      Tensor total{};
      explicit Taken(const Tensor& x) : leaf(x) { total.impl_ = std::move(leaf.impl_->grad); }
      ~Taken() { leaf.impl_->grad = std::move(total.impl_); }
    } taken(edge.leaf);
    add(taken.total, true);
  }
  static std::shared_ptr<Node> of(const Tensor& x) { return x.impl().node; }
  static void attach(const Tensor& out, std::shared_ptr<Node> node) { out.impl_->node = std::move(node); }
};

namespace {

Tensor copy_of(const Tensor& x) {
  const Tensor out = Tensor::empty(x.shape());
  ops::copy<float>(x.view(), out.out());
  return out;
}

/// What Backward is promised: gradients come back through views as they like.
Tensor dense(const Tensor& x) { return x.contiguous() ? x : copy_of(x); }

/// total += gradient. A leaf's is its own from the first, since optimisers write to it; that of a node may be another's
/// until something is added to it.
void accumulate(Tensor& total, const Tensor& gradient, bool is_leaf) {
  if (!total.defined()) {
    total = is_leaf && !gradient.shares_nothing() ? copy_of(gradient) : dense(gradient);
    return;
  }
  if (!total.shares_nothing()) total = copy_of(total);
  ops::add_to(gradient.view(), total.out());
}

void require_numbers(const char* op, const char* what, const Tensor& x) {
  if (!anomalies || x.dtype() != DType::float32) return;
  const Tensor numbers = dense(x);
  const std::span<const float> values = numbers.values();
  if (std::ranges::any_of(values, [](float v) { return v != v; }))
    throw Error(ErrorCode::range, op,
                std::string("here the first NaN appears, in ") + what + " " + to_string(x.shape()), {x.shape()});
}

/// Every node that a gradient reaches, and from how many others.
std::unordered_map<Node*, Index> reach(Node& root) {
  std::unordered_map<Node*, Index> arrivals{{&root, 0}};
  std::vector<Node*> left{&root};
  while (!left.empty()) {
    Node& node = *left.back();
    left.pop_back();
    if (!node.backward)
      throw Error(ErrorCode::unsupported, "backward",
                  std::string("what ") + node.op +
                      " kept was freed by an earlier backward(); run the forward pass again, or retain the graph");
    for (const Node::Edge& edge : node.inputs)
      if (edge.node && ++arrivals[edge.node.get()] == 1) left.push_back(edge.node.get());
  }
  return arrivals;
}

void run(const std::shared_ptr<Node>& root, const Tensor& gradient, bool retain_graph) {
  std::unordered_map<Node*, Index> arrivals = reach(*root);
  struct Clear {  // an error on the way leaves no half gradients in the nodes
    std::unordered_map<Node*, Index>& nodes;
    ~Clear() {
      for (auto& [node, count] : nodes) node->pending = {};
    }
  } const clear{arrivals};
  root->pending = dense(gradient);
  std::vector<Node*> ready{root.get()};
  while (!ready.empty()) {
    Node& node = *ready.back();
    ready.pop_back();
    if (const Tensor own = std::exchange(node.pending, {}); own.defined()) {
      Gradients to(node);
      node.backward(own, to);
    }
    if (!retain_graph) node.backward = {};
    for (const Node::Edge& edge : node.inputs)
      if (edge.node && --arrivals[edge.node.get()] == 0) ready.push_back(edge.node.get());
  }
}

}  // namespace

bool Gradients::wants(std::size_t i) const { return node_.inputs[i].node || node_.inputs[i].leaf.defined(); }

void Gradients::add(std::size_t i, const Tensor& gradient) {
  if (!wants(i)) return;
  require_numbers(node_.op, "the gradient of an input", gradient);
  Node::accumulate(node_.inputs[i], [&](Tensor& total, bool is_leaf) { accumulate(total, gradient, is_leaf); });
}

void Gradients::add_slice(std::size_t i, const Tensor& gradient, const Shape& whole, Index dim, Index start) {
  if (!wants(i)) return;
  require_numbers(node_.op, "the gradient of an input", gradient);
  Node::accumulate(node_.inputs[i], [&](Tensor& total, bool) {
    if (!total.defined()) {
      total = Tensor::empty(whole);
      std::ranges::fill(total.values(), 0.0f);
    } else if (!total.shares_nothing()) {
      total = copy_of(total);
    }
    const Index offset = gradient.numel() == 0 ? 0 : start * total.strides()[static_cast<std::size_t>(dim)];
    ops::add_to(gradient.view(), total.restrided(gradient.shape(), total.strides(), offset).out());
  });
}

bool recording(std::initializer_list<Tensor> inputs) {
  return enabled && std::ranges::any_of(inputs, &Tensor::requires_grad);
}
bool recording(const std::vector<Tensor>& inputs) {
  return enabled && std::ranges::any_of(inputs, &Tensor::requires_grad);
}

void record(const char* op, const Tensor& out, const std::vector<Tensor>& inputs, Backward backward) {
  require_numbers(op, "its result", out);
  auto node = std::make_shared<Node>();
  node->op = op;
  node->backward = std::move(backward);
  for (const Tensor& x : inputs) {
    Node::Edge& edge = node->inputs.emplace_back();
    edge.node = Node::of(x);
    if (!edge.node && x.requires_grad()) edge.leaf = x;
  }
  Node::attach(out, std::move(node));
}

Saved::Saved(const Tensor& x) : tensor_(x), version_(x.defined() ? x.version() : 0) {}

const Tensor& Saved::get() const {
  if (tensor_.defined() && tensor_.version() != version_)
    throw Error(ErrorCode::unsupported, "backward",
                "a tensor " + to_string(tensor_.shape()) +
                    " that the backward pass needs was written to since the forward pass; run that again",
                {tensor_.shape()});
  return tensor_;
}

}  // namespace autograd

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  if (!requires_grad())
    throw Error(ErrorCode::unsupported, "backward",
                "nothing to differentiate: no input of this tensor " + to_string(shape()) + " requires a gradient",
                {shape()});
  if (!gradient.defined() && numel() != 1)
    throw Error(ErrorCode::shape, "backward",
                "without a gradient this must hold one element, got " + to_string(shape()), {shape()});
  if (gradient.defined() && gradient.shape() != shape())
    throw Error(ErrorCode::shape, "backward",
                "the gradient must be " + to_string(shape()) + ", got " + to_string(gradient.shape()),
                {shape(), gradient.shape()});
  if (gradient.defined() && gradient.dtype() != DType::float32)
    throw Error(ErrorCode::type, "backward",
                std::string("the gradient must be float32, got ") + to_string(gradient.dtype()));
  const NoGrad quiet;
  Tensor start = gradient;
  if (!start.defined()) {
    start = Tensor::empty(shape());
    *start.data() = 1;
  }
  if (impl().node)
    autograd::run(impl().node, start, retain_graph);
  else
    autograd::Node::accumulate({.leaf = *this},
                               [&](Tensor& total, bool is_leaf) { autograd::accumulate(total, start, is_leaf); });
}

}  // namespace attn
