// SPDX-License-Identifier: Apache-2.0
// What a module makes of its settings, once for all workers. dunlin.config/1. [setup]
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// What the constructor of Settings throws: what is wrong, where (a JSON Pointer such as "/keys/0").
struct SettingsFault : std::runtime_error {
  SettingsFault(std::string where, const std::string& what) : std::runtime_error(what), pointer(std::move(where)) {}
  std::string pointer;
};

// What Settings are made of.
class Setup {
 public:
  Setup(const Host& on, std::string_view given) : host(on), json(given) {}
  const Host& host;
  const std::string_view json;  // the settings, as a JSON object; ends in a NUL
  // The folder of the configuration file: relative paths start there.
  std::string directory() const { return host.directory(); }
  void fault(std::string_view pointer, std::string_view what) const {
    host.need<dunlin_config>().fault(host.raw(), str(pointer), str(what));
  }
};

namespace detail {

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

template <class Settings>
dunlin_status configure(const dunlin_host* raw, dunlin_str json, dunlin_settings** out) noexcept {
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

template <class Settings>
void discard(dunlin_settings* raw) noexcept {
  delete reinterpret_cast<Settings*>(raw);
}

}  // namespace detail
}  // namespace dunlin::plugin
