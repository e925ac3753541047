// SPDX-License-Identifier: Apache-2.0
#include "core/loop/signals.h"

#include <utility>

#include "core/loop/loop.h"

namespace dunlin {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> told)
    : told_(std::move(told)) {
  for (const int number : numbers) {
    auto* handle = new uv_signal_t{};
    handle->data = this;
    uv_signal_init(loop.uv(), handle);
    uv_signal_start(
        handle, [](uv_signal_t* signal, int caught) { static_cast<Signals*>(signal->data)->told_(caught); }, number);
    handles_.push_back(handle);
  }
}

void Signals::close() {
  for (uv_signal_t* handle : std::exchange(handles_, {})) {
    uv_signal_stop(handle);
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) { delete reinterpret_cast<uv_signal_t*>(closed); });
  }
}

}  // namespace dunlin
