// SPDX-License-Identifier: Apache-2.0
// The host: its tables by their ids, its log, and what it has promised to call.
#pragma once

#include "dunlin/hpp/base.hpp"

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

}  // namespace detail

// Pointers to the tables, looked up once; nullptr where this host has none. Copy freely.
class Host {
 public:
  explicit Host(const dunlin_host* self, detail::Owed* owed = nullptr)
      : self_(self), owed_(owed), tickets_(find<dunlin_ticket_api>(DUNLIN_EXT_TICKET)), log_(find<dunlin_log>(DUNLIN_EXT_LOG)),
        conns_(find<dunlin_conn_api>(DUNLIN_EXT_CONN)) {}

  const dunlin_host* raw() const { return self_; }
  detail::Owed* owed() const { return owed_; }
  const dunlin_ticket_api* tickets() const { return tickets_; }
  const dunlin_conn_api* conns() const { return conns_; }
  template <class Table>
  const Table* find(const char* id) const {
    return static_cast<const Table*>(self_->get_extension(self_, id));
  }
  // Throws StatusError where this host has none: name it in Info::required to be told at load.
  template <class Table>
  const Table& need(const char* id) const {
    const auto* table = find<Table>(id);
    if (!table) throw StatusError(id, DUNLIN_E_NOT_FOUND);
    return *table;
  }

  // [any-thread] A line in the server's log, with the module's name on it.
  void log(std::uint32_t level, std::string_view text, dunlin_conn about = 0) const {
    if (log_) log_->write(self_, level, about, str(text));
  }
  // [any-thread] Would such a line be written?
  bool logs(std::uint32_t level) const { return log_ && log_->enabled(self_, level) == 1; }
  // [any-thread] The folder of the configuration file: relative paths start there.
  std::string directory() const {
    const auto& config = need<dunlin_config>(DUNLIN_EXT_CONFIG);
    return std::string(view(config.directory(self_)));
  }
  // The server's libuv loop (a uv_loop_t), for clients of your own, and what uv_version() it has: dunlin/ext/loop.h.
  void* uv_loop() const { return need<dunlin_loop>(DUNLIN_EXT_LOOP).uv_loop(self_); }
  std::uint32_t uv_version() const { return need<dunlin_loop>(DUNLIN_EXT_LOOP).version(self_); }

 private:
  const dunlin_host* self_;
  detail::Owed* owed_;
  const dunlin_ticket_api* tickets_;
  const dunlin_log* log_;
  const dunlin_conn_api* conns_;
};

// Runs what may throw and says in the log that it did; false: it threw.
template <class Call>
bool caught(const Host& host, const char* what, Call call) noexcept {
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

namespace detail {

// A function that the host is to call once with these arguments, as the C ABI wants it.
template <class... Given>
class Once final : public Owed::Link {
 public:
  using Call = std::function<void(Given...)>;

  // Hands on to `begin(fn, user)`, which is a service. Without a call it gets NULL. What throws is said to be in `what`.
  template <class Begin>
  static dunlin_status begin(const Host& host, const char* what, Call call, Begin begin) {
    if (!call) return begin(static_cast<void (*)(void*, Given...)>(nullptr), nullptr);
    auto once = std::make_unique<Once>(host, what, std::move(call));
    const dunlin_status status = begin(&Once::came, once.get());
    if (status != DUNLIN_OK) return status;
    if (host.owed()) host.owed()->add(*once);
    once.release();  // came() deletes it, or the instance does
    return status;
  }
  Once(const Host& host, const char* what, Call call) : host_(host), what_(what), call_(std::move(call)) {}

 private:
  static void came(void* user, Given... given) {
    const std::unique_ptr<Once> mine(static_cast<Once*>(user));
    caught(mine->host_, mine->what_, [&] { mine->call_(given...); });
  }
  Host host_;
  const char* what_;
  Call call_;
};

}  // namespace detail
}  // namespace dunlin::plugin
