// SPDX-License-Identifier: Apache-2.0
// dunlin.conn/1
#include <optional>

#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

bool known_kind(std::uint32_t kind) { return kind == DUNLIN_TEXT || kind == DUNLIN_BINARY; }

// What may stand in a Close frame (RFC 6455, 7.4): 1004 is reserved, 1005, 1006 and 1015 are never sent.
bool sendable_close_code(std::int32_t code) {
  return code >= 1000 && code <= 4999 && !(code >= 1004 && code <= 1006) && code != 1015;
}

// Serves a getter: `get(services, view)` fills the view that goes to `out`.
template <class Get>
dunlin_status read(const dunlin_host* host, dunlin_str* out, Get get) {
  return on_worker(host, [&](Instance& instance) {
    if (!out) return DUNLIN_E_INVALID;
    std::string_view found;
    const dunlin_status status = get(instance.services(), found);
    *out = status == DUNLIN_OK ? lend(found) : lend("");
    return status;
  });
}

// As read(), of a thing that has a name.
template <class Get>
dunlin_status read_named(const dunlin_host* host, const dunlin_str& name, dunlin_str* out, Get get) {
  return read(host, out, [&](Services& services, std::string_view& found) {
    return sound(name) && name.size > 0 ? get(services, view(name), found) : DUNLIN_E_INVALID;
  });
}

dunlin_status info(const dunlin_host* host, dunlin_conn conn, std::uint32_t what, dunlin_str* out) noexcept {
  return read(host, out, [&](Services& services, std::string_view& found) {
    if (what < DUNLIN_CONN_REMOTE_ADDR || what > DUNLIN_CONN_TLS_SUBJECT) return DUNLIN_E_INVALID;
    return services.conn_info(ClientId(conn), what, found);
  });
}

dunlin_status header(const dunlin_host* host, dunlin_conn conn, dunlin_str name, dunlin_str* out) noexcept {
  return read_named(host, name, out, [&](Services& services, std::string_view key, std::string_view& found) {
    return services.conn_header(ClientId(conn), key, found);
  });
}

dunlin_status header_at(const dunlin_host* host, dunlin_conn conn, std::size_t index, dunlin_pair* out) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!out) return DUNLIN_E_INVALID;
    std::string_view name, value;
    const dunlin_status status = instance.services().conn_header_at(ClientId(conn), index, name, value);
    *out = {lend(name), lend(value)};
    return status;
  });
}

dunlin_status query(const dunlin_host* host, dunlin_conn conn, dunlin_str name, dunlin_str* out) noexcept {
  return read_named(host, name, out, [&](Services& services, std::string_view key, std::string_view& found) {
    return services.conn_query(ClientId(conn), key, found);
  });
}

dunlin_status cookie(const dunlin_host* host, dunlin_conn conn, dunlin_str name, dunlin_str* out) noexcept {
  return read_named(host, name, out, [&](Services& services, std::string_view key, std::string_view& found) {
    return services.conn_cookie(ClientId(conn), key, found);
  });
}

dunlin_status option(const dunlin_host* host, dunlin_conn conn, dunlin_str name, dunlin_str* out) noexcept {
  return read_named(host, name, out, [&](Services& services, std::string_view key, std::string_view& found) {
    return services.conn_option(ClientId(conn), key, found);
  });
}

dunlin_status uid(const dunlin_host* host, dunlin_conn conn, dunlin_uid* out) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!out) return DUNLIN_E_INVALID;
    std::string_view text;
    *out = {lend(""), DUNLIN_UID_NONE, 0};
    std::uint32_t kind = DUNLIN_UID_NONE;
    const dunlin_status status = instance.services().conn_uid(ClientId(conn), text, kind);
    if (status == DUNLIN_OK) *out = {lend(text), kind, 0};
    return status;
  });
}

dunlin_status authenticate(const dunlin_host* host, dunlin_conn conn, const dunlin_credentials* credentials,
                           dunlin_login_fn fn, void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!credentials || !fn || !sound(credentials->token)) return DUNLIN_E_INVALID;
    if (credentials->source != DUNLIN_LOGIN_MESSAGE && credentials->source != DUNLIN_LOGIN_HANDSHAKE)
      return DUNLIN_E_INVALID;
    auto done = instance.guarded_patiently(Hook::login, [conn, fn, user](dunlin_verdict verdict, dunlin_status status) {
      fn(user, conn, verdict, status);
    });
    // From a callback of a loop that the module brought no hook may be running: the chain must not begin in here.
    std::optional<HookScope> scope;
    if (!instance.stage().running) scope.emplace(instance, Hook::task);
    return instance.services().conn_authenticate(ClientId(conn), view(credentials->token), credentials->source,
                                                 std::move(done));
  });
}

dunlin_status send(const dunlin_host* host, dunlin_conn conn, std::uint32_t kind, dunlin_str data) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!known_kind(kind) || !sound(data)) return DUNLIN_E_INVALID;
    std::size_t unread = 0;
    if (kind == DUNLIN_TEXT && !is_utf8(view(data)) &&
        instance.services().conn_unread(ClientId(conn), unread) != DUNLIN_OK)  // raw TCP sends bytes of any kind
      return DUNLIN_E_INVALID;
    return instance.services().conn_send(ClientId(conn), static_cast<Kind>(kind), view(data));
  });
}

dunlin_status close(const dunlin_host* host, dunlin_conn conn, std::int32_t code, dunlin_str reason) noexcept {
  return on_worker(host, [&](Instance& instance) {
    constexpr std::size_t kMaxReason = 123;  // a control frame's payload is 125 bytes, 2 of them the code
    if (!sendable_close_code(code) || !sound_text(reason) || reason.size > kMaxReason) return DUNLIN_E_INVALID;
    return instance.services().conn_close(ClientId(conn), code, view(reason));
  });
}

}  // namespace

const dunlin_conn_api kConnTable = {info, header, header_at, query, cookie, option, uid, authenticate, send, close};

}  // namespace dunlin
