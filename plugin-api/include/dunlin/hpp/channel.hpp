// SPDX-License-Identifier: Apache-2.0
// Channels, topics and what is kept with a connection: dunlin.channel/1, dunlin.subscribe/1, dunlin.queue/1,
// dunlin.context/1. Each `done` is called once when DUNLIN_OK was returned, on a later turn; it may be left out where it has a
// default. All [worker].
#pragma once

#include "dunlin/hpp/conn.hpp"

namespace dunlin::plugin {

// Asks the endpoint's guards first, where it has some. `done` is told DUNLIN_OK, _E_DENIED, _E_UNAVAILABLE, _E_FULL or _E_GONE.
inline dunlin_status subscribe(const Host& host, Conn conn, std::string_view channel, std::function<void(dunlin_status)> done) {
  const auto& subscribes = host.need<dunlin_subscribe>();
  auto came = [done = std::move(done)](dunlin_conn, dunlin_status status) {
    if (done) done(status);
  };
  return detail::once<dunlin_conn, dunlin_status>(
      host, "an exception after a subscription", std::move(came), [&](dunlin_subscribe_fn fn, void* user) {
        return subscribes.request(host.raw(), conn.id(), str(channel), fn, user);
      });
}
// At once, and asking nobody. On an endpoint with guards: DUNLIN_E_DENIED.
inline dunlin_status subscribe(const Host& host, Conn conn, std::string_view channel) {
  return host.need<dunlin_channel>().subscribe(host.raw(), conn.id(), str(channel));
}
inline dunlin_status unsubscribe(const Host& host, Conn conn, std::string_view channel) {
  return host.need<dunlin_channel>().unsubscribe(host.raw(), conn.id(), str(channel));
}

// `done` is told to how many connections of all nodes it was handed, and to how many it could not be.
using Published = std::function<void(std::uint64_t success, std::uint64_t fail)>;
inline dunlin_status publish(const Host& host, std::string_view channel, std::string_view data,
                             std::uint32_t kind = DUNLIN_TEXT, Published done = nullptr) {
  const auto& channels = host.need<dunlin_channel>();
  return detail::once<std::uint64_t, std::uint64_t>(
      host, "an exception after a publish", std::move(done), [&](dunlin_publish_fn fn, void* user) {
        return channels.publish(host.raw(), str(channel), kind, str(data), fn, user);
      });
}

// To one connection on any worker or node. `done` is told DUNLIN_OK, _E_GONE, _E_FULL or _E_TIMEOUT.
inline dunlin_status send(const Host& host, dunlin_conn conn, std::string_view data, std::uint32_t kind = DUNLIN_TEXT,
                          std::function<void(dunlin_status)> done = nullptr) {
  const auto& channels = host.need<dunlin_channel>();
  return detail::once<dunlin_status>(
      host, "an exception after a send", std::move(done), [&](dunlin_send_fn fn, void* user) {
        return channels.send(host.raw(), conn, kind, str(data), fn, user);
      });
}

// To a topic, from which backends pop. `about` 0: no connection. `done` is told how it went, and how many messages it holds.
inline dunlin_status push(const Host& host, dunlin_conn about, std::string_view topic, std::string_view data,
                          std::function<void(dunlin_status, std::uint64_t held)> done = nullptr) {
  const auto& queues = host.need<dunlin_queue>();
  return detail::once<dunlin_status, std::uint64_t>(
      host, "an exception after a push", std::move(done), [&](dunlin_push_fn fn, void* user) {
        return queues.push(host.raw(), about, str(topic), str(data), fn, user);
      });
}

// Values kept with a connection, each as JSON text. Views live until the hook returns; nothing: it is not set.
inline Found context(const Host& host, Conn conn, std::string_view key) {
  const auto& contexts = host.need<dunlin_context>();
  return Found::by([&](dunlin_str* out) { return contexts.get(host.raw(), conn.id(), str(key), out); });
}
// `json` "null" removes the key.
inline dunlin_status set_context(const Host& host, Conn conn, std::string_view key, std::string_view json) {
  return host.need<dunlin_context>().set(host.raw(), conn.id(), str(key), str(json));
}
// The whole as one JSON object; nothing: the connection has left.
inline Found whole_context(const Host& host, Conn conn) {
  const auto& contexts = host.need<dunlin_context>();
  return Found::by([&](dunlin_str* out) { return contexts.all(host.raw(), conn.id(), out); });
}
inline dunlin_status replace_context(const Host& host, Conn conn, std::string_view json) {
  return host.need<dunlin_context>().replace(host.raw(), conn.id(), str(json));
}
// `done` is told the value when `key` is next set, or is set already; or DUNLIN_E_GONE or _E_TIMEOUT and nothing.
inline dunlin_status wait_context(const Host& host, Conn conn, std::string_view key, std::uint64_t timeout_ms,
                                  std::function<void(dunlin_status, std::string_view json)> done) {
  const auto& contexts = host.need<dunlin_context>();
  auto came = [done = std::move(done)](dunlin_status status, dunlin_str json) {
    if (done) done(status, view(json));
  };
  return detail::once<dunlin_status, dunlin_str>(
      host, "an exception after a wait for the context", std::move(came), [&](dunlin_context_fn fn, void* user) {
        return contexts.wait(host.raw(), conn.id(), str(key), timeout_ms, fn, user);
      });
}

}  // namespace dunlin::plugin
