#pragma once
// The tests' std::function. The standard one was half of their time to compile: for each lambda it makes some dozen
// functions, for the sake of types that nobody here asks for.

#include <memory>
#include <type_traits>
#include <utility>

namespace test {

template <class Signature>
class Function;

/// Holds what it is made from; copies of it share that.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Function> && std::is_invocable_r_v<R, F&, Args...>) Function(F f)
      // A void* and a plain function: shared_ptr is the same for every F.
      : f_(static_cast<void*>(new F(std::move(f))),
           static_cast<void (*)(void*)>([](void* p) { delete static_cast<F*>(p); })),
        call_(
            [](void* p, Args... args) { return static_cast<R>((*static_cast<F*>(p))(std::forward<Args>(args)...)); }) {}

  R operator()(Args... args) const { return call_(f_.get(), std::forward<Args>(args)...); }

 private:
  std::shared_ptr<void> f_;
  R (*call_)(void*, Args...) = nullptr;
};

}  // namespace test
