// SPDX-License-Identifier: Apache-2.0
// The hooks that look at data: filters, HTTP routes, framers. Nothing that a member throws leaves them.
#pragma once

#include "dunlin/hpp/hooks.hpp"

namespace dunlin::plugin::detail {

template <class Module>
struct DataHooks {
  using Self = Instance<Module>;

  static dunlin_verdict filter(dunlin_instance* raw, dunlin_str channel, const dunlin_message* given,
                               dunlin_message* instead) noexcept {
    Self& self = Self::of(raw);
    const Message said{view(given->data), given->kind};
    dunlin_verdict verdict = DUNLIN_E_FAILED;
    caught(self.host, "an exception in filter", [&] {
      Filtered made = self.module->filter(view(channel), said);
      verdict = made.verdict;
      if (made.kind == 0) return;
      self.instead = std::move(made.data);
      instead->data = str(self.instead);
      instead->kind = made.kind;
    });
    return verdict;
  }

  static dunlin_verdict serve(dunlin_instance* raw, std::size_t route, const dunlin_http_call* given,
                              dunlin_ticket ticket) noexcept {
    Self& self = Self::of(raw);
    const RouteCall call(*given);
    constexpr const char* kWhat = "an exception in serve";
    if constexpr (Has<Module, ServesLater>::value) {
      return Hooks<Module>::later(self, ticket, kWhat, [&](Ticket owed) {
        self.module->serve(route, call, OwedReply(self.host, std::move(owed)));
      });
    } else {
      // What cannot be sent is a fault, as nothing at all would be.
      return Hooks<Module>::later(self, ticket, kWhat, [&](Ticket owed) {
        OwedReply(self.host, std::move(owed)).send(self.module->serve(route, call));
      });
    }
  }

  static std::int64_t input(dunlin_instance* raw, dunlin_conn id, dunlin_str unread) noexcept {
    Self& self = Self::of(raw);
    std::int64_t length = DUNLIN_FRAMER_FAULT;
    caught(self.host, "an exception in input", [&] { length = self.module->input(Conn(self.host, id), view(unread)); });
    return length;
  }

  static dunlin_status encode(dunlin_instance* raw, dunlin_conn id, const dunlin_message* given, dunlin_emit_fn emit,
                              void* to) noexcept {
    Self& self = Self::of(raw);
    const Message message{view(given->data), given->kind};
    dunlin_status status = DUNLIN_E_FAILED;
    caught(self.host, "an exception in encode",
           [&] { status = self.module->encode(Conn(self.host, id), message, Emit(emit, to)); });
    return status;
  }
};

}  // namespace dunlin::plugin::detail
