// SPDX-License-Identifier: Apache-2.0
// What is never freed, on purpose: somebody whom we cannot wait for may use it until the process has ended. LeakSanitizer is
// told so, where it watches.
#pragma once

#include <utility>

extern "C" {
void __lsan_disable() __attribute__((weak));
void __lsan_enable() __attribute__((weak));
}

namespace dunlin {

template <class T, class... Given>
T& make_for_ever(Given&&... given) {
  if (__lsan_disable) __lsan_disable();
  T* made = new T(std::forward<Given>(given)...);
  if (__lsan_enable) __lsan_enable();
  return *made;
}

}  // namespace dunlin
