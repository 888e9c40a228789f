#include "attn/probe.hpp"

#include <utility>

#include "attn/error.hpp"

namespace attn {

Probe::Probe(See see) : see_(std::move(see)) {}

Tensor Probe::operator()(std::string_view name, const Tensor& x) const {
  if (!see_) return x;
  const std::string whole = prefix_ + std::string(name);
  const Tensor other = see_(whole, x);
  if (!other.defined()) return x;
  if (other.shape() != x.shape() || other.dtype() != x.dtype())
    throw Error(ErrorCode::shape, "probe",
                verbatim(whole) + " must stay " + to_string(x.shape()) + " of " + to_string(x.dtype()) + ", got " +
                    to_string(other.shape()) + " of " + to_string(other.dtype()),
                {x.shape(), other.shape()});
  return other;
}

Probe Probe::at(std::string_view part) const {
  Probe inner = *this;
  if (see_) inner.prefix_.append(part).append(".");
  return inner;
}

}  // namespace attn
