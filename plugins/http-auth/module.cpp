// SPDX-License-Identifier: Apache-2.0
// http-auth: asks your backend over HTTP who is behind a token. docs/http-auth.md
//
// This file is the door between the C ABI and the rest: it catches what C++ may throw and holds no logic.
#include <exception>

#include "dunlin/dunlin.h"
#include "plugins/http-auth/checker.h"
#include "plugins/http-auth/schema.h"
#include "plugins/http-auth/settings.h"

struct dunlin_settings {
  dunlin::http_auth::Settings value;
};

struct dunlin_instance {
  dunlin::http_auth::Clock clock;
  dunlin::http_auth::Checker checker;
  dunlin_instance(const dunlin_settings& settings, const dunlin_host* host) : checker(settings.value, host, clock) {}
};

namespace dunlin::http_auth {
namespace {

template <class Table>
const Table* table(const dunlin_host* host, const char* id) {
  return static_cast<const Table*>(host->get_extension(host, id));
}

dunlin_status configure_or_throw(const dunlin_host* host, dunlin_str json, dunlin_settings** out) {
  const auto* config = table<dunlin_config>(host, DUNLIN_EXT_CONFIG);
  const dunlin_str directory = config->directory(host);
  Fault fault;
  auto settings = parse_settings({json.data, json.size}, {directory.data, directory.size}, fault);
  if (!settings) {
    config->fault(host, str(fault.pointer), str(fault.what));
    return DUNLIN_E_INVALID;
  }
  if (!settings->verify_tls)
    table<dunlin_log>(host, DUNLIN_EXT_LOG)
        ->write(host, DUNLIN_LOG_WARN, 0, str("verify_tls is false: anybody between here and the backend can log in as "
                                              "anybody. For development only"));
  *out = new dunlin_settings{std::move(*settings)};
  return DUNLIN_OK;
}

dunlin_status configure(const dunlin_host* host, dunlin_str json, dunlin_settings** out) noexcept {
  try {
    return configure_or_throw(host, json, out);
  } catch (const std::exception&) {
    return DUNLIN_E_NO_MEMORY;
  }
}

void discard(dunlin_settings* settings) noexcept { delete settings; }

dunlin_status create(const dunlin_host* host, const dunlin_settings* settings, dunlin_instance** out) noexcept {
  try {
    *out = new dunlin_instance(*settings, host);
    return DUNLIN_OK;
  } catch (const std::exception&) {
    return DUNLIN_E_NO_MEMORY;
  }
}

void destroy(dunlin_instance* instance) noexcept { delete instance; }

dunlin_verdict check(dunlin_instance* instance, dunlin_conn conn, const dunlin_credentials* credentials,
                     dunlin_ticket ticket) noexcept {
  try {
    return instance->checker.check(conn, *credentials, ticket);
  } catch (const std::exception&) {
    return kUnavailable;
  }
}

void cancel(dunlin_instance* instance, dunlin_ticket ticket, int32_t reason) noexcept {
  try {
    instance->checker.cancel(ticket, reason);
  } catch (const std::exception&) {  // out of memory: the request goes on, and its answer is for nobody
  }
}

constexpr dunlin_auth kAuth = {check, cancel};

const void* get_interface(const char* id) noexcept {
  return std::string_view(id) == DUNLIN_AUTH ? &kAuth : nullptr;
}

constexpr const char* kRequired[] = {DUNLIN_EXT_LOG,   DUNLIN_EXT_CONFIG, DUNLIN_EXT_TICKET,  DUNLIN_EXT_HTTP,
                                     DUNLIN_EXT_TIMER, DUNLIN_EXT_CONN,   DUNLIN_EXT_METRICS, nullptr};

constexpr dunlin_module kModule = {
    "http-auth", "0.1.0", "Asks your backend over HTTP who is behind a token",
    kSettingsSchema, kRequired, configure, discard, create, destroy, get_interface,
};

}  // namespace
}  // namespace dunlin::http_auth

// The header's declaration makes it visible; g++ warns about saying so again on a constant.
const dunlin_plugin dunlin_plugin_v1 = {DUNLIN_MAGIC, DUNLIN_ABI_MAJOR, DUNLIN_ABI_MINOR, 0,
                                        &dunlin::http_auth::kModule};
