// SPDX-License-Identifier: Apache-2.0
// The host side of the C ABI: what a `dunlin_host *` points to, and the tables of functions behind the extension ids.
//
// A host is either a SetupHost (given to `configure`, lives until `discard`) or an instance's (given to `create`). Functions
// of the tables find theirs by the address alone. A module may use the one of `create` until `destroy` has returned; one that
// goes on, in a thread that it left behind, is told DUNLIN_E_GONE and counted: such hosts are never freed (hosts.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/log.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class Instance;

class Host : public dunlin_host {
 public:
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // [any-thread] nullptr where the module passed none.
  static const Host* of(const dunlin_host* host) { return static_cast<const Host*>(host); }

  // nullptr: the worker has ended. REQUIRES: visit() is held, or there is an instance
  Log* log() const { return log_.load(std::memory_order_relaxed); }
  const std::string& module() const { return module_; }
  const std::string& directory() const { return directory_; }
  bool on_own_thread() const { return std::this_thread::get_id() == thread_; }
  bool of_worker() const { return of_worker_; }  // else of `configure`
  // [worker] nullptr: it has been destroyed.
  Instance* instance() const { return instance_; }
  // [any-thread] Calls `serve(instance)`, and the instance stays until it has returned.
  template <class Serve>
  dunlin_status with_instance(Serve serve) const {
    if (!of_worker_) return DUNLIN_E_INVALID;
    const auto visitor = visit();
    return instance_ ? serve(*instance_) : stale();
  }
  // [any-thread] While another thread than the host's own holds it, the host stays.
  std::unique_lock<std::mutex> visit() const {
    return on_own_thread() ? std::unique_lock<std::mutex>() : std::unique_lock(leaving_);
  }
  // Somebody called for an instance that has been destroyed.
  dunlin_status stale() const {
    stale_.fetch_add(1, std::memory_order_relaxed);
    return DUNLIN_E_GONE;
  }
  std::uint64_t stale_calls() const { return stale_.load(std::memory_order_relaxed); }
  // [worker] Of this instance from here on; nullptr: of none any more.
  void belong_to(Instance* instance);
  // The worker ends: there is nothing left but this host. When it returns no call is inside. REQUIRES: there is no instance
  void outlive();
  bool isolated() const { return isolated_; }       // in a process of the module's own
  // [any-thread] Did it ask for something that tells what a connection brought?
  bool reads_connections() const { return reads_connections_.load(std::memory_order_relaxed); }
  void note_asked(std::string_view id) const;

 protected:
  Host(Log& log, std::string module, std::string directory, bool of_worker, bool isolated);
  ~Host() { const std::lock_guard last_visitor(leaving_); }

 private:
  std::atomic<Log*> log_;
  std::string module_, directory_;
  std::thread::id thread_ = std::this_thread::get_id();
  const bool of_worker_, isolated_;
  mutable std::mutex leaving_;  // held by other threads' calls
  Instance* instance_ = nullptr;  // written on the own thread, under leaving_
  mutable std::atomic<std::uint64_t> stale_{0};
  mutable std::atomic<bool> reads_connections_{false};
};

// [setup] Collects what `configure` has to say.
class SetupHost final : public Host {
 public:
  struct Fault {
    std::string pointer, what;
  };
  SetupHost(Log& log, std::string module, std::string directory, bool isolated)
      : Host(log, std::move(module), std::move(directory), false, isolated) {}

  void fault(std::string_view pointer, std::string_view what) {
    faults_.push_back({std::string(pointer), std::string(what)});
  }
  std::vector<Fault> take_faults() { return std::move(faults_); }

 private:
  std::vector<Fault> faults_;
};

// Does this extension tell what a connection brought?
bool tells_of_connections(std::string_view id);

// The table of functions behind an extension id on a worker's host; nullptr: there is none. `isolated`: as in Host.
const void* find_extension(std::string_view id, bool isolated = false);

extern const dunlin_ticket_api kTicketTable;
extern const dunlin_log kLogTable;
extern const dunlin_config kConfigTable;
extern const dunlin_conn_api kConnTable;
extern const dunlin_channel kChannelTable;
extern const dunlin_context kContextTable;
extern const dunlin_timer kTimerTable;
extern const dunlin_http kHttpTable;
extern const dunlin_metrics kMetricsTable;
extern const dunlin_socket kSocketTable;
extern const dunlin_redis kRedisTable;
extern const dunlin_task kTaskTable;
extern const dunlin_subscribe kSubscribeTable;
extern const dunlin_reply_api kReplyTable;
extern const dunlin_cache kCacheTable;
extern const dunlin_loop kLoopTable;
extern const dunlin_queue kQueueTable;
extern const dunlin_tls kTlsTable;

}  // namespace dunlin
