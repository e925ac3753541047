// SPDX-License-Identifier: Apache-2.0
// From a class to a module: its life, the interfaces that it serves, and the entry.
#pragma once

#include <cstring>
#include <iterator>

#include "dunlin/hpp/data_hooks.hpp"
#include "dunlin/hpp/settings.hpp"

namespace dunlin::plugin::detail {

template <class Module>
dunlin_status create(const dunlin_host* raw, const dunlin_settings* settings, dunlin_instance** out) noexcept {
  using Settings = typename SettingsOf<Module>::Type;
  const bool made = caught(Host(raw), "an exception in the constructor", [&] {
    auto self = std::make_unique<Instance<Module>>(raw);
    if constexpr (std::is_constructible_v<Module, const Host&, const Settings&>)
      self->module = std::make_unique<Module>(self->host, *reinterpret_cast<const Settings*>(settings));
    else
      self->module = std::make_unique<Module>(self->host);
    *out = reinterpret_cast<dunlin_instance*>(self.release());
  });
  return made ? DUNLIN_OK : DUNLIN_E_FAILED;
}

template <class Module>
void destroy(dunlin_instance* raw) noexcept {
  delete reinterpret_cast<Instance<Module>*>(raw);
}

// The table behind each id, built from the members that the class has; nullptr: it does not serve that.
template <class Module>
struct Tables {
  using On = Hooks<Module>;
  using Data = DataHooks<Module>;

  static const void* auth() noexcept {
    static constexpr dunlin_auth table = {On::check, On::cancel};
    return &table;
  }
  static const void* router() noexcept {
    static constexpr dunlin_router table = {On::open, On::message, On::close, On::cancel, release(), adopt()};
    return &table;
  }
  // nullptr: there is nothing to let go of, or to take over.
  static constexpr decltype(dunlin_router::release) release() noexcept {
    if constexpr (Has<Module, Releases>::value) return On::release;
    else return nullptr;
  }
  static constexpr decltype(dunlin_router::adopt) adopt() noexcept {
    if constexpr (Has<Module, Adopts>::value) return On::adopt;
    else return nullptr;
  }
  static const void* guard() noexcept {
    static constexpr dunlin_subscribe_guard table = {On::guard, On::cancel};
    return &table;
  }
  static const void* filter() noexcept {
    static constexpr dunlin_publish_filter table = {Data::filter};
    return &table;
  }
  static const void* route() noexcept {
    static constexpr dunlin_http_route table = {Module::kRoutes, std::size(Module::kRoutes), Data::serve, On::cancel};
    return &table;
  }
  static const void* framer() noexcept {
    if constexpr (Has<Module, Encodes>::value) {
      static constexpr dunlin_framer table = {Data::input, Data::encode};
      return &table;
    } else {
      static constexpr dunlin_framer table = {Data::input, nullptr};  // messages go out as they are
      return &table;
    }
  }

  static const void* find(const char* id) noexcept {
    const auto is = [id](const char* one) { return std::strcmp(id, one) == 0; };
    if constexpr (kAuth<Module>)
      if (is(DUNLIN_AUTH)) return auth();
    if constexpr (kRouter<Module>)
      if (is(DUNLIN_ROUTER)) return router();
    if constexpr (kGuard<Module>)
      if (is(DUNLIN_SUBSCRIBE_GUARD)) return guard();
    if constexpr (kFilter<Module>)
      if (is(DUNLIN_PUBLISH_FILTER)) return filter();
    if constexpr (kRoute<Module>)
      if (is(DUNLIN_HTTP_ROUTE)) return route();
    if constexpr (kFramer<Module>)
      if (is(DUNLIN_FRAMER)) return framer();
    return (void)is, nullptr;
  }
};

template <class Module>
struct Entry {
  static_assert(kServes<Module>,
                "no member of this class is one that the host could call: see the table at the head of dunlin.hpp");
  using Settings = typename SettingsOf<Module>::Type;
  // Where the class names none of its own.
  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG, DUNLIN_EXT_CONFIG,
                                              kRoute<Module> ? DUNLIN_EXT_REPLY : nullptr, nullptr};
  static constexpr dunlin_module kModule = {
      Module::kInfo.name, Module::kInfo.version, Module::kInfo.summary, Module::kInfo.settings_schema,
      Module::kInfo.required.given ? Module::kInfo.required.ids : kRequired,
      configure<Settings>, discard<Settings>, create<Module>, destroy<Module>, Tables<Module>::find};
};

}  // namespace dunlin::plugin::detail

// The entry. The declaration in entry.h makes it visible; in C++ nothing else is needed.
#define DUNLIN_PLUGIN(Module)                                                                       \
  const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0,       \
                                          &::dunlin::plugin::detail::Entry<Module>::kModule};
