// SPDX-License-Identifier: Apache-2.0
// Proxy: the instance of an isolated module on one worker. Asks the module's process and hands its answers on; refuses what
// is pending when the process ends, and starts another, later each time. [worker]
//
//   up ──ends──▶ ended ──reaped──▶ waits (back-off) ──▶ starting ──created──▶ up
//   starting ──ends, refuses, or takes too long──▶ ended
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/isolation/isolator.h"
#include "core/isolation/link.h"
#include "core/plugin/instance.h"

namespace dunlin {

class Proxy {
 public:
  static constexpr std::size_t kMostWaiting = 16 * 1024 * 1024;  // bytes that the process has not read
  static constexpr Millis kFirstDelay{100}, kLastDelay{10'000};  // before the next process; doubled each time
  static constexpr Millis kSteady{10'000};  // a process that lived as long begins with the first delay anew

  // REQUIRES: both outlive it
  Proxy(Instance& instance, IsolatedSelection& module);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  dunlin_verdict check(dunlin_conn conn, const dunlin_credentials& credentials, dunlin_ticket ticket);
  void cancel(dunlin_ticket ticket, std::int32_t reason);

 private:
  enum class State : std::uint8_t { up, ended, waits, starting };

  dunlin_verdict refuse(dunlin_ticket ticket, const char* why);
  void open(WireBuffer rest);
  void listen();
  void came_up(bool reads_connections);
  void flush_later();
  bool heard(std::string_view frame);
  bool take_answer(WireReader& in);
  bool take_definition(WireReader& in);
  bool take_figures(WireReader& in);
  bool take_start(WireReader& in, FrameKind kind);
  void gone(bool nonsense);
  void reap();
  void start_another();
  void watch();
  void look();
  void start_hangs();
  void give_up(ProcessEnd why);
  void later(Millis after, void (Proxy::*what)());

  Services& services() { return instance_.services(); }
  ProcessFigures& figures() { return instance_.processes(); }

  Instance& instance_;
  IsolatedSelection& module_;
  State state_ = State::waits;
  std::optional<Process> process_;
  std::shared_ptr<Link> link_;
  std::unique_ptr<FdWatch> errors_;  // of the process's standard error
  bool reads_connections_ = false;
  std::unordered_set<dunlin_ticket> pending_;
  std::vector<std::uint32_t> metrics_;  // by the process's number from 1: ours
  std::vector<std::uint32_t> gauges_;
  std::optional<ProcessEnd> why_;       // we know why it ends; nothing: its exit tells
  std::string refusal_;                 // of one that could not start
  std::int64_t since_ = 0;              // of the state
  Millis delay_{0};
  std::int64_t pinged_ = 0;             // 0: no ping is out
  std::uint64_t timer_ = 0, watch_ = 0;
  bool flushing_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // what is deferred asks whether we are there
};

// The module's table.
extern const dunlin_auth kProxyAuth;
dunlin_status create_proxy(const dunlin_host* host, const dunlin_settings* settings, dunlin_instance** out) noexcept;
void destroy_proxy(dunlin_instance* instance) noexcept;

}  // namespace dunlin
