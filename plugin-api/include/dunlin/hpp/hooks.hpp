// SPDX-License-Identifier: Apache-2.0
// The hooks that call a class's members. Nothing that these throw leaves them.
#pragma once

#include "dunlin/hpp/probe.hpp"

namespace dunlin::plugin::detail {

// A module on one worker. Its host lives as long: a Conn points to it.
template <class Module>
struct Instance {
  explicit Instance(const dunlin_host* raw) : host(raw, &owed) {}
  static Instance& of(dunlin_instance* raw) { return *reinterpret_cast<Instance*>(raw); }

  Owed owed;  // goes last: what it holds may refer to the module, but nothing calls it any more
  Host host;
  std::string instead;  // what a message was changed into: valid until the next one
  std::unique_ptr<Module> module;
};

template <class Module>
struct Hooks {
  using Self = Instance<Module>;
  static constexpr dunlin_verdict kFault = DUNLIN_E_FAILED;

  // A verdict without words is returned; one with words, or an identity, goes through the ticket.
  template <class Call>
  static dunlin_verdict now(Self& self, dunlin_ticket ticket, const char* what, Call call) noexcept {
    dunlin_verdict code = kFault;
    caught(self.host, what, [&] {
      const Verdict verdict = call();
      code = verdict.code();
      if (verdict.reason().empty() && !verdict.identity()) return;
      answer(self.host.raw(), self.host.tickets(), ticket, verdict);
      code = DUNLIN_PENDING;
    });
    return code;
  }
  // What the member returns is returned, its ticket being no more than a number.
  template <class Call>
  static dunlin_verdict by_number(Self& self, const char* what, Call call) noexcept {
    dunlin_verdict verdict = kFault;
    caught(self.host, what, [&] { verdict = call(); });
    return verdict;
  }
  // The ticket answers for a member that throws: it is destroyed.
  template <class Call>
  static dunlin_verdict later(Self& self, dunlin_ticket ticket, const char* what, Call call) noexcept {
    caught(self.host, what, [&] { call(Ticket(self.host.raw(), self.host.tickets(), ticket)); });
    return DUNLIN_PENDING;
  }

  static dunlin_verdict check(dunlin_instance* raw, dunlin_conn id, const dunlin_credentials* given,
                              dunlin_ticket ticket) noexcept {
    Self& self = Self::of(raw);
    const Conn conn(self.host, id);
    const Credentials credentials{view(given->token), given->source};
    constexpr const char* kWhat = "an exception in check";
    if constexpr (Has<Module, CheckByNumber>::value)
      return by_number(self, kWhat, [&] { return self.module->check(conn, credentials, ticket); });
    else if constexpr (Has<Module, CheckLater>::value)
      return later(self, ticket, kWhat, [&](Ticket owed) { self.module->check(conn, credentials, std::move(owed)); });
    else
      return now(self, ticket, kWhat, [&] { return self.module->check(conn, credentials); });
  }

  static dunlin_verdict message(dunlin_instance* raw, dunlin_conn id, const dunlin_message* given,
                                dunlin_ticket ticket) noexcept {
    Self& self = Self::of(raw);
    const Conn conn(self.host, id);
    const Message said{view(given->data), given->kind};
    constexpr const char* kWhat = "an exception in message";
    if constexpr (Has<Module, MessageByNumber>::value)
      return by_number(self, kWhat, [&] { return self.module->message(conn, said, ticket); });
    else if constexpr (Has<Module, MessageLater>::value)
      return later(self, ticket, kWhat, [&](Ticket owed) { self.module->message(conn, said, std::move(owed)); });
    else
      return now(self, ticket, kWhat, [&] { return self.module->message(conn, said); });
  }

  static dunlin_verdict guard(dunlin_instance* raw, dunlin_conn id, dunlin_str channel, dunlin_ticket ticket) noexcept {
    Self& self = Self::of(raw);
    const Conn conn(self.host, id);
    constexpr const char* kWhat = "an exception in may_subscribe";
    if constexpr (Has<Module, GuardByNumber>::value)
      return by_number(self, kWhat, [&] { return self.module->may_subscribe(conn, view(channel), ticket); });
    else if constexpr (Has<Module, GuardLater>::value)
      return later(self, ticket, kWhat, [&](Ticket owed) { self.module->may_subscribe(conn, view(channel), std::move(owed)); });
    else
      return now(self, ticket, kWhat, [&] { return self.module->may_subscribe(conn, view(channel)); });
  }

  static dunlin_verdict open(dunlin_instance* raw, dunlin_conn id, dunlin_ticket ticket) noexcept {
    Self& self = Self::of(raw);
    constexpr const char* kWhat = "an exception in open";
    if constexpr (Has<Module, OpensByNumber>::value)
      return by_number(self, kWhat, [&] { return self.module->open(Conn(self.host, id), ticket); });
    else if constexpr (Has<Module, OpensLater>::value)
      return later(self, ticket, kWhat, [&](Ticket owed) { self.module->open(Conn(self.host, id), std::move(owed)); });
    else if constexpr (Has<Module, Opens>::value)
      return now(self, ticket, kWhat, [&] { return self.module->open(Conn(self.host, id)); });
    else
      return (void)self, (void)id, (void)ticket, DUNLIN_ALLOW;
  }

  static void close(dunlin_instance* raw, dunlin_conn id, std::int32_t code, const dunlin_str* why) noexcept {
    Self& self = Self::of(raw);
    if constexpr (Has<Module, Closes>::value)
      caught(self.host, "an exception in close", [&] { self.module->close(Conn(self.host, id), code, why ? view(*why) : ""); });
    else
      (void)self, (void)id, (void)code, (void)why;
  }

  static void cancel(dunlin_instance* raw, dunlin_ticket ticket, std::int32_t reason) noexcept {
    Self& self = Self::of(raw);
    if constexpr (Has<Module, Cancels>::value)
      caught(self.host, "an exception in cancel", [&] { self.module->cancel(ticket, reason); });
    else
      (void)self, (void)ticket, (void)reason;
  }

  static void release(dunlin_instance* raw, dunlin_conn id) noexcept {
    Self& self = Self::of(raw);
    caught(self.host, "an exception in release", [&] { self.module->release(Conn(self.host, id)); });
  }

  static void adopt(dunlin_instance* raw, dunlin_conn id) noexcept {
    Self& self = Self::of(raw);
    caught(self.host, "an exception in adopt", [&] { self.module->adopt(Conn(self.host, id)); });
  }
};

}  // namespace dunlin::plugin::detail
