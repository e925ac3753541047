// SPDX-License-Identifier: Apache-2.0
// A connection: an id, and what can be asked about it and done with it. dunlin.conn/1, dunlin.tls/1, dunlin.socket/1. [worker]
#pragma once

#include <optional>

#include "dunlin/hpp/once.hpp"

namespace dunlin::plugin {

// What a getter found; where that is nothing, `status` says why: DUNLIN_E_NOT_FOUND, or _E_GONE (the connection has left).
struct Found : std::optional<std::string_view> {
  template <class Get>
  static Found by(Get get) {
    dunlin_str out{};
    const dunlin_status status = get(&out);
    return status == DUNLIN_OK ? Found{view(out), status} : Found{std::nullopt, status};
  }
  dunlin_status status;
};

// Views live until the hook returns. A getter that has nothing also says so where the connection has left.
class Conn {
 public:
  Conn(const Host& host, dunlin_conn id) : host_(&host), id_(id) {}
  dunlin_conn id() const { return id_; }

  // What came with the handshake, kept until the connection has logged in for the first time.
  Found header(std::string_view name) const { return get(&dunlin_conn_api::header, name); }
  Found query(std::string_view name) const { return get(&dunlin_conn_api::query, name); }
  Found cookie(std::string_view name) const { return get(&dunlin_conn_api::cookie, name); }
  std::vector<std::pair<std::string_view, std::string_view>> headers() const {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    dunlin_pair one{};
    if (const auto* conns = host_->conns())
      while (conns->header_at(host_->raw(), id_, all.size(), &one) == DUNLIN_OK)
        all.emplace_back(view(one.name), view(one.value));
    return all;
  }
  // The client's verified certificate as PEM.
  Found certificate() const {
    const auto* tls = host_->find<dunlin_tls>();
    return Found::by([&](dunlin_str* out) { return tls ? tls->certificate(host_->raw(), id_, out) : DUNLIN_E_NOT_FOUND; });
  }

  // An option of the endpoint, as JSON text.
  Found option(std::string_view name) const { return get(&dunlin_conn_api::option, name); }
  // DUNLIN_CONN_REMOTE_ADDR …
  Found info(std::uint32_t what) const {
    const auto* conns = host_->conns();
    return Found::by([&](dunlin_str* out) { return conns ? conns->info(host_->raw(), id_, what, out) : DUNLIN_E_NOT_FOUND; });
  }
  // Who it is logged in as, and how that is written in JSON: DUNLIN_UID_NUMBER, _STRING, or _NONE before log-in.
  std::optional<std::string_view> uid() const {
    const dunlin_uid who = whole_uid();
    return who.kind == DUNLIN_UID_NONE ? std::nullopt : std::optional(view(who.text));
  }
  std::uint32_t uid_kind() const { return whole_uid().kind; }

  // Asks the endpoint's auth modules. `done` is called once when DUNLIN_OK was returned, on a later turn.
  using LoggedIn = std::function<void(dunlin_verdict, dunlin_status)>;
  dunlin_status authenticate(std::string_view token, LoggedIn done, std::uint32_t source = DUNLIN_LOGIN_MESSAGE) const {
    const auto& conns = host_->need<dunlin_conn_api>();
    const dunlin_credentials credentials{str(token), source, 0};
    auto came = [done = std::move(done)](dunlin_conn, dunlin_verdict verdict, dunlin_status status) {
      if (done) done(verdict, status);
    };
    return detail::once<dunlin_conn, dunlin_verdict, dunlin_status>(
        *host_, "an exception after a log-in", std::move(came), [&](dunlin_login_fn fn, void* user) {
          return conns.authenticate(host_->raw(), id_, &credentials, fn, user);
        });
  }
  dunlin_status send(std::string_view data, std::uint32_t kind = DUNLIN_TEXT) const {
    return host_->conns() ? host_->conns()->send(host_->raw(), id_, kind, str(data)) : DUNLIN_E_NOT_FOUND;
  }
  dunlin_status close(std::int32_t code, std::string_view reason = {}) const {
    return host_->conns() ? host_->conns()->close(host_->raw(), id_, code, str(reason)) : DUNLIN_E_NOT_FOUND;
  }

  // Raw TCP only: how many bytes have arrived and belong to no packet yet; forget them.
  std::optional<std::size_t> unread() const {
    std::size_t size = 0;
    const auto* sockets = host_->find<dunlin_socket>();
    if (!sockets || sockets->unread(host_->raw(), id_, &size) != DUNLIN_OK) return std::nullopt;
    return size;
  }
  dunlin_status clear() const { return host_->need<dunlin_socket>().clear(host_->raw(), id_); }

 private:
  using Getter = dunlin_status (*dunlin_conn_api::*)(const dunlin_host*, dunlin_conn, dunlin_str, dunlin_str*) DUNLIN_NOTHROW;
  Found get(Getter getter, std::string_view name) const {
    const auto* conns = host_->conns();
    return Found::by([&](dunlin_str* out) { return conns ? (conns->*getter)(host_->raw(), id_, str(name), out) : DUNLIN_E_NOT_FOUND; });
  }
  dunlin_uid whole_uid() const {
    dunlin_uid out{};
    if (!host_->conns() || host_->conns()->uid(host_->raw(), id_, &out) != DUNLIN_OK) return {};
    return out;
  }
  const Host* host_;
  dunlin_conn id_;
};

struct Credentials {
  std::string_view token;
  std::uint32_t source;  // DUNLIN_LOGIN_MESSAGE or _HANDSHAKE
};

struct Message {
  std::string_view data;
  std::uint32_t kind;  // DUNLIN_TEXT or _BINARY
};

}  // namespace dunlin::plugin
