// SPDX-License-Identifier: Apache-2.0
// Host: the tables of the server that this module uses, looked up once. The pointers live as long as the dunlin_host.
#pragma once

#include <string>
#include <string_view>

#include "dunlin/dunlin.h"

namespace dunlin::lua {

inline dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(dunlin_str text) {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

struct Host {
  const dunlin_host* self = nullptr;
  const dunlin_log* log = nullptr;
  const dunlin_config* config = nullptr;
  // The rest is nullptr in the host that `configure` gets.
  const dunlin_ticket_api* ticket = nullptr;
  const dunlin_conn_api* conn = nullptr;
  const dunlin_context* context = nullptr;
  const dunlin_channel* channel = nullptr;
  const dunlin_timer* timer = nullptr;
  const dunlin_metrics* metrics = nullptr;
  const dunlin_subscribe* subscribe = nullptr;
  const dunlin_socket* socket = nullptr;
  const dunlin_redis* redis = nullptr;
  const dunlin_queue* queue = nullptr;
  const dunlin_http* http = nullptr;

  static Host of(const dunlin_host* host) {
    return {host,
            find<dunlin_log>(host, DUNLIN_EXT_LOG),
            find<dunlin_config>(host, DUNLIN_EXT_CONFIG),
            find<dunlin_ticket_api>(host, DUNLIN_EXT_TICKET),
            find<dunlin_conn_api>(host, DUNLIN_EXT_CONN),
            find<dunlin_context>(host, DUNLIN_EXT_CONTEXT),
            find<dunlin_channel>(host, DUNLIN_EXT_CHANNEL),
            find<dunlin_timer>(host, DUNLIN_EXT_TIMER),
            find<dunlin_metrics>(host, DUNLIN_EXT_METRICS),
            find<dunlin_subscribe>(host, DUNLIN_EXT_SUBSCRIBE),
            find<dunlin_socket>(host, DUNLIN_EXT_SOCKET),
            find<dunlin_redis>(host, DUNLIN_EXT_REDIS),
            find<dunlin_queue>(host, DUNLIN_EXT_QUEUE),
            find<dunlin_http>(host, DUNLIN_EXT_HTTP)};
  }

  void write(std::uint32_t level, dunlin_conn about, std::string_view text) const {
    log->write(self, level, about, str(text));
  }

 private:
  template <class Table>
  static const Table* find(const dunlin_host* host, const char* id) {
    return static_cast<const Table*>(host->get_extension(host, id));
  }
};

}  // namespace dunlin::lua
