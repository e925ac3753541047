// SPDX-License-Identifier: Apache-2.0
// The tables that a host has, by their types: each looked up once, so that a word costs no search.
#pragma once

#include <tuple>

#include "dunlin/dunlin.h"

namespace dunlin::plugin::detail {

constexpr const char* id_of(const dunlin_ticket_api*) { return DUNLIN_EXT_TICKET; }
constexpr const char* id_of(const dunlin_log*) { return DUNLIN_EXT_LOG; }
constexpr const char* id_of(const dunlin_config*) { return DUNLIN_EXT_CONFIG; }
constexpr const char* id_of(const dunlin_conn_api*) { return DUNLIN_EXT_CONN; }
constexpr const char* id_of(const dunlin_tls*) { return DUNLIN_EXT_TLS; }
constexpr const char* id_of(const dunlin_socket*) { return DUNLIN_EXT_SOCKET; }
constexpr const char* id_of(const dunlin_channel*) { return DUNLIN_EXT_CHANNEL; }
constexpr const char* id_of(const dunlin_subscribe*) { return DUNLIN_EXT_SUBSCRIBE; }
constexpr const char* id_of(const dunlin_context*) { return DUNLIN_EXT_CONTEXT; }
constexpr const char* id_of(const dunlin_queue*) { return DUNLIN_EXT_QUEUE; }
constexpr const char* id_of(const dunlin_reply_api*) { return DUNLIN_EXT_REPLY; }
constexpr const char* id_of(const dunlin_timer*) { return DUNLIN_EXT_TIMER; }
constexpr const char* id_of(const dunlin_task*) { return DUNLIN_EXT_TASK; }
constexpr const char* id_of(const dunlin_http*) { return DUNLIN_EXT_HTTP; }
constexpr const char* id_of(const dunlin_redis*) { return DUNLIN_EXT_REDIS; }
constexpr const char* id_of(const dunlin_metrics*) { return DUNLIN_EXT_METRICS; }
constexpr const char* id_of(const dunlin_cache*) { return DUNLIN_EXT_CACHE; }
constexpr const char* id_of(const dunlin_loop*) { return DUNLIN_EXT_LOOP; }

template <class Table>
constexpr const char* id_of() {
  return id_of(static_cast<const Table*>(nullptr));
}

// nullptr where this host has none.
template <class... Table>
class TableSet {
 public:
  explicit TableSet(const dunlin_host* host)
      : tables_(static_cast<const Table*>(host->get_extension(host, id_of<Table>()))...) {}
  template <class Wanted>
  const Wanted* get() const {
    return std::get<const Wanted*>(tables_);
  }

 private:
  std::tuple<const Table*...> tables_;
};

using HostTables = TableSet<dunlin_ticket_api, dunlin_log, dunlin_config, dunlin_conn_api, dunlin_tls, dunlin_socket, dunlin_channel,
                            dunlin_subscribe, dunlin_context, dunlin_queue, dunlin_reply_api, dunlin_timer, dunlin_task, dunlin_http,
                            dunlin_redis, dunlin_metrics, dunlin_cache, dunlin_loop>;

}  // namespace dunlin::plugin::detail
