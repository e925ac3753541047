// SPDX-License-Identifier: Apache-2.0
// jwt-auth: who is behind a JSON Web Token. docs/jwt-auth.md
//
// This file is the door between the C ABI and the rest: it catches what C++ may throw and holds no logic.
#include <exception>
#include <memory>
#include <string_view>

#include "dunlin/dunlin.h"
#include "plugins/jwt-auth/checker.h"
#include "plugins/jwt-auth/settings.h"

struct dunlin_settings {
  dunlin::jwt_auth::Settings value;
  dunlin::jwt_auth::KeyStore store;
};

struct dunlin_instance {
  dunlin::jwt_auth::Checker checker;
};

namespace dunlin::jwt_auth {
namespace {

dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

dunlin_status configure(const dunlin_host* host, dunlin_str json, dunlin_settings** out) noexcept {
  try {
    const auto* config = static_cast<const dunlin_config*>(host->get_extension(host, DUNLIN_EXT_CONFIG));
    const dunlin_str directory = config->directory(host);
    Fault fault;
    auto settings = parse_settings({json.data, json.size}, {directory.data, directory.size}, fault);
    if (!settings) {
      config->fault(host, str(fault.pointer), str(fault.what));
      return DUNLIN_E_INVALID;
    }
    auto made = std::make_unique<dunlin_settings>();
    made->value = std::move(*settings);
    *out = made.release();
    return DUNLIN_OK;
  } catch (const std::exception&) {
    return DUNLIN_E_NO_MEMORY;
  }
}

void discard(dunlin_settings* settings) noexcept { delete settings; }

dunlin_status create(const dunlin_host* host, const dunlin_settings* settings, dunlin_instance** out) noexcept {
  try {
    // The settings are read-only but for the key store, which guards itself.
    *out = new dunlin_instance{{settings->value, const_cast<dunlin_settings*>(settings)->store, host}};
    return DUNLIN_OK;
  } catch (const std::exception&) {
    return DUNLIN_E_NO_MEMORY;
  }
}

void destroy(dunlin_instance* instance) noexcept { delete instance; }

dunlin_verdict check(dunlin_instance* instance, dunlin_conn, const dunlin_credentials* credentials,
                     dunlin_ticket ticket) noexcept {
  try {
    return instance->checker.check({credentials->token.data, credentials->token.size}, ticket);
  } catch (const std::exception&) {
    return kUnavailable;
  }
}

void cancel(dunlin_instance* instance, dunlin_ticket ticket, std::int32_t) noexcept { instance->checker.cancel(ticket); }

constexpr dunlin_auth kAuth = {check, cancel};

const void* get_interface(const char* id) noexcept { return std::string_view(id) == DUNLIN_AUTH ? &kAuth : nullptr; }

constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,  DUNLIN_EXT_CONFIG,  DUNLIN_EXT_HTTP,
                                     DUNLIN_EXT_TIMER,  DUNLIN_EXT_TASK, DUNLIN_EXT_METRICS, nullptr};

constexpr dunlin_module kModule = {"jwt-auth", "0.1.0", "log-in by JSON Web Tokens", kSchema, kRequired,
                               configure,  discard, create,                      destroy, get_interface};

}  // namespace
}  // namespace dunlin::jwt_auth

const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0, &dunlin::jwt_auth::kModule};
