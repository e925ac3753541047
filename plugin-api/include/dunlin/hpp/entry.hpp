// SPDX-License-Identifier: Apache-2.0
// From a class to a module: which members it has, the hooks that call them, and the entry.
#pragma once

#include <cstring>
#include <type_traits>

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// What the constructor of Settings throws: what is wrong, where (a JSON Pointer such as "/keys/0").
struct SettingsFault : std::runtime_error {
  SettingsFault(std::string where, const std::string& what) : std::runtime_error(what), pointer(std::move(where)) {}
  std::string pointer;
};

// What Settings are made of. [setup]
class Setup {
 public:
  Setup(const Host& on, std::string_view given) : host(on), json(given) {}
  const Host& host;
  const std::string_view json;  // the settings, as a JSON object; ends in a NUL
  // The folder of the configuration file: relative paths start there.
  std::string directory() const {
    return std::string(view(host.need<dunlin_config>(DUNLIN_EXT_CONFIG).directory(host.raw())));
  }
  void fault(std::string_view pointer, std::string_view what) const {
    host.need<dunlin_config>(DUNLIN_EXT_CONFIG).fault(host.raw(), str(pointer), str(what));
  }
};

namespace detail {

template <class, template <class> class Probe, class = void>
struct Has : std::false_type {};
template <class T, template <class> class Probe>
struct Has<T, Probe, std::void_t<Probe<T>>> : std::true_type {};

template <class T> using CheckNow = decltype(Verdict(std::declval<T&>().check(std::declval<Conn>(), std::declval<const Credentials&>())));
template <class T> using CheckLater = decltype(std::declval<T&>().check(std::declval<Conn>(), std::declval<const Credentials&>(), std::declval<Ticket>()));
template <class T> using MessageNow = decltype(Verdict(std::declval<T&>().message(std::declval<Conn>(), std::declval<const Message&>())));
template <class T> using MessageLater = decltype(std::declval<T&>().message(std::declval<Conn>(), std::declval<const Message&>(), std::declval<Ticket>()));
template <class T> using GuardNow = decltype(Verdict(std::declval<T&>().may_subscribe(std::declval<Conn>(), std::string_view())));
template <class T> using GuardLater = decltype(std::declval<T&>().may_subscribe(std::declval<Conn>(), std::string_view(), std::declval<Ticket>()));
template <class T> using Opens = decltype(Verdict(std::declval<T&>().open(std::declval<Conn>())));
template <class T> using Closes = decltype(std::declval<T&>().close(std::declval<Conn>(), 0, std::string_view()));
template <class T> using Cancels = decltype(std::declval<T&>().cancel(dunlin_ticket(), 0));
template <class T> using Releases = decltype(std::declval<T&>().release(std::declval<Conn>()));
template <class T> using Adopts = decltype(std::declval<T&>().adopt(std::declval<Conn>()));
template <class T> using OwnSettings = typename T::Settings;

struct NoSettings {
  explicit NoSettings(const Setup&) {}
};
template <class T, class = void>
struct SettingsOf {
  using Type = NoSettings;
};
template <class T>
struct SettingsOf<T, std::void_t<typename T::Settings>> {
  using Type = typename T::Settings;
};

template <class Module>
struct Hooks {
  using Settings = typename SettingsOf<Module>::Type;
  struct Instance {
    Host host;
    std::unique_ptr<Module> module;
  };
  static constexpr dunlin_verdict kFault = DUNLIN_E_FAILED;

  static Instance& of(dunlin_instance* raw) { return *reinterpret_cast<Instance*>(raw); }

  // A verdict without words is returned; one with words, or an identity, goes through the ticket.
  template <class Call>
  static dunlin_verdict now(Instance& self, dunlin_ticket ticket, const char* what, Call call) noexcept {
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
  // The ticket answers for a member that throws: it is destroyed.
  template <class Call>
  static dunlin_verdict later(Instance& self, dunlin_ticket ticket, const char* what, Call call) noexcept {
    caught(self.host, what, [&] { call(Ticket(self.host.raw(), self.host.tickets(), ticket)); });
    return DUNLIN_PENDING;
  }

  static dunlin_verdict check(dunlin_instance* raw, dunlin_conn id, const dunlin_credentials* given,
                              dunlin_ticket ticket) noexcept {
    Instance& self = of(raw);
    const Conn conn(self.host, id);
    const Credentials credentials{view(given->token), given->source};
    if constexpr (Has<Module, CheckLater>::value)
      return later(self, ticket, "an exception in check", [&](Ticket owed) { self.module->check(conn, credentials, std::move(owed)); });
    else
      return now(self, ticket, "an exception in check", [&] { return self.module->check(conn, credentials); });
  }

  static dunlin_verdict message(dunlin_instance* raw, dunlin_conn id, const dunlin_message* given,
                                dunlin_ticket ticket) noexcept {
    Instance& self = of(raw);
    const Conn conn(self.host, id);
    const Message said{view(given->data), given->kind};
    if constexpr (Has<Module, MessageLater>::value)
      return later(self, ticket, "an exception in message", [&](Ticket owed) { self.module->message(conn, said, std::move(owed)); });
    else
      return now(self, ticket, "an exception in message", [&] { return self.module->message(conn, said); });
  }

  static dunlin_verdict guard(dunlin_instance* raw, dunlin_conn id, dunlin_str channel, dunlin_ticket ticket) noexcept {
    Instance& self = of(raw);
    const Conn conn(self.host, id);
    if constexpr (Has<Module, GuardLater>::value)
      return later(self, ticket, "an exception in may_subscribe", [&](Ticket owed) { self.module->may_subscribe(conn, view(channel), std::move(owed)); });
    else
      return now(self, ticket, "an exception in may_subscribe", [&] { return self.module->may_subscribe(conn, view(channel)); });
  }

  static dunlin_verdict open(dunlin_instance* raw, dunlin_conn id, dunlin_ticket ticket) noexcept {
    Instance& self = of(raw);
    if constexpr (Has<Module, Opens>::value)
      return now(self, ticket, "an exception in open", [&] { return self.module->open(Conn(self.host, id)); });
    else
      return (void)ticket, DUNLIN_ALLOW;
  }

  static void close(dunlin_instance* raw, dunlin_conn id, std::int32_t code, const dunlin_str* why) noexcept {
    Instance& self = of(raw);
    if constexpr (Has<Module, Closes>::value)
      caught(self.host, "an exception in close", [&] { self.module->close(Conn(self.host, id), code, why ? view(*why) : ""); });
    else
      (void)id, (void)code, (void)why;
  }

  static void cancel(dunlin_instance* raw, dunlin_ticket ticket, std::int32_t reason) noexcept {
    Instance& self = of(raw);
    if constexpr (Has<Module, Cancels>::value)
      caught(self.host, "an exception in cancel", [&] { self.module->cancel(ticket, reason); });
    else
      (void)ticket, (void)reason;
  }

  static void release(dunlin_instance* raw, dunlin_conn id) noexcept {
    Instance& self = of(raw);
    if constexpr (Has<Module, Releases>::value)
      caught(self.host, "an exception in release", [&] { self.module->release(Conn(self.host, id)); });
    else
      (void)id;
  }

  static void adopt(dunlin_instance* raw, dunlin_conn id) noexcept {
    Instance& self = of(raw);
    if constexpr (Has<Module, Adopts>::value)
      caught(self.host, "an exception in adopt", [&] { self.module->adopt(Conn(self.host, id)); });
    else
      (void)id;
  }

  static dunlin_status configure(const dunlin_host* raw, dunlin_str json, dunlin_settings** out) noexcept {
    try {
      const Host host(raw);
      const Setup setup(host, view(json));
      try {
        *out = reinterpret_cast<dunlin_settings*>(new Settings(setup));
        return DUNLIN_OK;
      } catch (const SettingsFault& fault) {
        setup.fault(fault.pointer, fault.what());
      } catch (const std::exception& error) {
        setup.fault("", error.what());
      }
      return DUNLIN_E_INVALID;
    } catch (...) {
      return DUNLIN_E_FAILED;
    }
  }
  static void discard(dunlin_settings* raw) noexcept { delete reinterpret_cast<Settings*>(raw); }

  static dunlin_status create(const dunlin_host* raw, const dunlin_settings* settings, dunlin_instance** out) noexcept {
    const Host host(raw);
    const bool made = caught(host, "an exception in the constructor", [&] {
      auto self = std::make_unique<Instance>(Instance{host, nullptr});
      // With a Host that lives as long as the instance: a Conn points to it.
      if constexpr (std::is_constructible_v<Module, const Host&, const Settings&>)
        self->module = std::make_unique<Module>(self->host, *reinterpret_cast<const Settings*>(settings));
      else
        self->module = std::make_unique<Module>(self->host);
      *out = reinterpret_cast<dunlin_instance*>(self.release());
    });
    return made ? DUNLIN_OK : DUNLIN_E_FAILED;
  }
  static void destroy(dunlin_instance* raw) noexcept { delete reinterpret_cast<Instance*>(raw); }

  static const void* get_interface(const char* id) noexcept {
    if constexpr (Has<Module, CheckNow>::value || Has<Module, CheckLater>::value) {
      static constexpr dunlin_auth auth = {check, cancel};
      if (std::strcmp(id, DUNLIN_AUTH) == 0) return &auth;
    }
    if constexpr (Has<Module, MessageNow>::value || Has<Module, MessageLater>::value) {
      static constexpr dunlin_router router = {open, message, close, cancel, release, adopt};
      if (std::strcmp(id, DUNLIN_ROUTER) == 0) return &router;
    }
    if constexpr (Has<Module, GuardNow>::value || Has<Module, GuardLater>::value) {
      static constexpr dunlin_subscribe_guard subscribe_guard = {guard, cancel};
      if (std::strcmp(id, DUNLIN_SUBSCRIBE_GUARD) == 0) return &subscribe_guard;
    }
    return nullptr;
  }

  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG, DUNLIN_EXT_CONFIG, nullptr};
  static constexpr dunlin_module kModule = {
      Module::kInfo.name, Module::kInfo.version, Module::kInfo.summary, Module::kInfo.settings_schema,
      Module::kInfo.required ? Module::kInfo.required : kRequired,
      configure, discard, create, destroy, get_interface};
};

}  // namespace detail
}  // namespace dunlin::plugin

// The entry. The declaration in entry.h makes it visible; in C++ nothing else is needed.
#define DUNLIN_PLUGIN(Module)                                                                       \
  const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0,       \
                                          &::dunlin::plugin::detail::Hooks<Module>::kModule};
