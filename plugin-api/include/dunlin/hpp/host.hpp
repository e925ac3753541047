// SPDX-License-Identifier: Apache-2.0
// The host: its tables, its log, and what it has promised to call.
#pragma once

#include "dunlin/hpp/base.hpp"
#include "dunlin/hpp/tables.hpp"

namespace dunlin::plugin {

namespace detail {

// What the host has promised to call once. What it never came to goes with the instance, which this is a part of. [worker]
class Owed {
 public:
  struct Link {
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() {
      before->after = after;
      after->before = before;
    }
    Link *before = this, *after = this;
  };
  Owed() = default;
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;
  ~Owed() {
    while (first_.after != &first_) delete first_.after;
  }
  void add(Link& link) {
    link.before = &first_;
    link.after = first_.after;
    first_.after->before = &link;
    first_.after = &link;
  }

 private:
  Link first_;
};

// The server's log, for what outlives the call that began it. [any-thread]
struct Logger {
  const dunlin_host* self = nullptr;
  const dunlin_log* table = nullptr;
  void log(std::uint32_t level, std::string_view text, dunlin_conn about = 0) const {
    if (table) table->write(self, level, about, str(text));
  }
};

}  // namespace detail

// Pointers to the tables, looked up once. Copy freely.
class Host {
 public:
  explicit Host(const dunlin_host* self, detail::Owed* owed = nullptr) : self_(self), owed_(owed), tables_(self) {}

  const dunlin_host* raw() const { return self_; }
  detail::Owed* owed() const { return owed_; }
  // A table of this release; nullptr where this host has none.
  template <class Table>
  const Table* find() const {
    return tables_.template get<Table>();
  }
  // Throws StatusError where this host has none: name it in Info::required to be told at load.
  template <class Table>
  const Table& need() const {
    return there(find<Table>(), detail::id_of<Table>());
  }
  // Any table, by its id.
  template <class Table>
  const Table* find(const char* id) const {
    return static_cast<const Table*>(self_->get_extension(self_, id));
  }
  template <class Table>
  const Table& need(const char* id) const {
    return there(find<Table>(id), id);
  }
  const dunlin_ticket_api* tickets() const { return find<dunlin_ticket_api>(); }
  const dunlin_conn_api* conns() const { return find<dunlin_conn_api>(); }

  // [any-thread] A line in the server's log, with the module's name on it.
  void log(std::uint32_t level, std::string_view text, dunlin_conn about = 0) const { logger().log(level, text, about); }
  // [any-thread] Would such a line be written?
  bool logs(std::uint32_t level) const { return find<dunlin_log>() && find<dunlin_log>()->enabled(self_, level) == 1; }
  detail::Logger logger() const { return {self_, find<dunlin_log>()}; }
  // [any-thread] The folder of the configuration file: relative paths start there.
  std::string directory() const { return std::string(view(need<dunlin_config>().directory(self_))); }
  // The server's libuv loop (a uv_loop_t), for clients of your own, and what uv_version() it has: dunlin/ext/loop.h.
  void* uv_loop() const { return need<dunlin_loop>().uv_loop(self_); }
  std::uint32_t uv_version() const { return need<dunlin_loop>().version(self_); }

 private:
  template <class Table>
  static const Table& there(const Table* table, const char* id) {
    if (!table) throw StatusError(id, DUNLIN_E_NOT_FOUND);
    return *table;
  }

  const dunlin_host* self_;
  detail::Owed* owed_;
  detail::HostTables tables_;
};

// Sends a verdict through the ticket of that number. [any-thread]
inline dunlin_status answer(const Host& host, dunlin_ticket ticket, const Verdict& verdict) {
  return answer(host.raw(), host.tickets(), ticket, verdict);
}

// Runs what may throw and says in the log of `host` that it did; false: it threw.
template <class HasLog, class Call>
bool caught(const HasLog& host, const char* what, Call call) noexcept {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    host.log(DUNLIN_LOG_ERROR, what);
    host.log(DUNLIN_LOG_ERROR, error.what());
  } catch (...) {
    host.log(DUNLIN_LOG_ERROR, what);
  }
  return false;
}

}  // namespace dunlin::plugin
