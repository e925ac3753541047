// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/proxy.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/plugin/abi_text.h"

namespace dunlin {
namespace {

constexpr Millis kReap{10};         // between looks at a process that is ending
constexpr Millis kReapPatience{500};  // then it is killed: it has only closed its socket
constexpr Millis kStartPatience{30'000};

Proxy& proxy_of(dunlin_instance* instance) { return *reinterpret_cast<Proxy*>(instance); }

dunlin_verdict check(dunlin_instance* instance, dunlin_conn conn, const dunlin_credentials* credentials,
                     dunlin_ticket ticket) noexcept {
  return proxy_of(instance).check(conn, *credentials, ticket);
}

void cancel(dunlin_instance* instance, dunlin_ticket ticket, std::int32_t reason) noexcept {
  proxy_of(instance).cancel(ticket, reason);
}

}  // namespace

const dunlin_auth kProxyAuth = {check, cancel};

dunlin_status create_proxy(const dunlin_host* host, const dunlin_settings* settings, dunlin_instance** out) noexcept {
  auto* proxy = new Proxy(*Host::of(host)->instance(), IsolatedSelection::of(settings));
  *out = reinterpret_cast<dunlin_instance*>(proxy);
  return DUNLIN_OK;
}

void destroy_proxy(dunlin_instance* instance) noexcept { delete &proxy_of(instance); }

Proxy::Proxy(Instance& instance, IsolatedSelection& module) : instance_(instance), module_(module) {
  figures().used = true;
  since_ = steady_ms();
  auto ready = module_.take(instance_.stage().worker);
  if (!ready) {
    start_another();
    return;
  }
  process_ = std::move(ready->process);
  open(std::move(ready->rest));
  came_up(ready->reads_connections);
  link_->hear_rest();
}

Proxy::~Proxy() {
  for (const std::uint64_t timer : {timer_, watch_})
    if (timer) services().timer_stop(timer);
  if (state_ == State::up) --figures().running;
  if (link_) {
    link_->flush();
    link_->close();
  }
  errors_.reset();
  if (process_) module_.give_back(std::move(*process_));
}

void Proxy::open(WireBuffer rest) {
  link_ = Link::open(services().uv_loop(), process_->take_link(), std::move(rest),
                     [this](std::string_view frame) { return heard(frame); }, [this](bool nonsense) { gone(nonsense); });
  listen();
  metrics_.clear();
  pinged_ = 0;
  why_.reset();
}

// To what it writes besides.
void Proxy::listen() {
  errors_ = std::make_unique<FdWatch>(services().uv_loop(), process_->errors().fd(), [this](bool readable, bool) {
    if (readable && !process_->errors().log_some()) errors_.reset();
  });
}

void Proxy::came_up(bool reads_connections) {
  reads_connections_ = reads_connections;
  state_ = State::up;
  since_ = steady_ms();
  ++figures().running;
  instance_.log().debug("module process", {{"module", instance_.module()}, {"worker", instance_.stage().worker},
                                           {"pid", process_->pid()}});
}

dunlin_verdict Proxy::refuse(dunlin_ticket ticket, const char* why) {
  ++figures().refused;
  instance_.answer(ticket, fault_answer(why));
  return DUNLIN_PENDING;
}

dunlin_verdict Proxy::check(dunlin_conn conn, const dunlin_credentials& credentials, dunlin_ticket ticket) {
  if (state_ != State::up) return refuse(ticket, "its process has ended and is being restarted");
  if (link_->waiting() > kMostWaiting) return refuse(ticket, "its process does not keep up");
  {
    WireWriter frame(link_->out(), FrameKind::check);
    frame.number(ticket).number(conn).number(credentials.source).text(view(credentials.token));
    frame.number<std::uint8_t>(reads_connections_);
    if (reads_connections_) put_visit(frame, services(), ClientId(conn));
  }
  pending_.insert(ticket);
  flush_later();
  watch();
  return DUNLIN_PENDING;
}

void Proxy::cancel(dunlin_ticket ticket, std::int32_t reason) {
  if (pending_.erase(ticket) == 0 || state_ != State::up) return;
  { WireWriter(link_->out(), FrameKind::cancel).number(ticket).number(reason); }
  flush_later();
}

// What one turn asks goes out in one write.
void Proxy::flush_later() {
  if (std::exchange(flushing_, true)) return;
  services().defer([this, alive = std::weak_ptr<int>(alive_)] {
    if (alive.expired()) return;
    flushing_ = false;
    if (link_) link_->flush();
  });
}

bool Proxy::heard(std::string_view frame) {
  WireReader in(frame);
  const FrameKind kind = in.kind();
  switch (kind) {
    case FrameKind::answer: return state_ == State::up && take_answer(in);
    case FrameKind::define: return take_definition(in);
    case FrameKind::figures: return take_figures(in);
    case FrameKind::pong: pinged_ = 0; return true;
    case FrameKind::configured:
    case FrameKind::created: return state_ == State::starting && take_start(in, kind);
    default: return false;
  }
}

bool Proxy::take_answer(WireReader& in) {
  const auto ticket = in.number<dunlin_ticket>();
  Said said;
  if (!get(in, said)) return false;
  if (pending_.erase(ticket) == 0) return true;  // it was cancelled while the answer was on its way
  if (said.fault) {
    instance_.answer(ticket, fault_answer(one_line(said.reason)));
    return true;
  }
  dunlin_identity identity{};
  identity.uid = said.uid;
  identity.context = said.context.data(), identity.context_count = said.context.size();
  identity.channels = said.channels.data(), identity.channel_count = said.channels.size();
  identity.expires_at_ms = said.expires_at_ms;
  const dunlin_answer answer{said.uid.kind == DUNLIN_UID_NONE ? nullptr : &identity, {said.reason.data(), said.reason.size()}};
  instance_.answer(ticket, said.verdict, &answer);
  return true;
}

bool Proxy::take_definition(WireReader& in) {
  InstanceMetrics::Figure figure{};
  if (!get(in, figure)) return false;
  std::uint32_t id = 0;  // stays 0 where ours are too many: it is counted nowhere
  const bool gauge = figure.kind == DUNLIN_METRIC_GAUGE;
  instance_.metrics().define(figure.kind, std::move(figure.name), std::move(figure.help), std::move(figure.labels), id);
  metrics_.push_back(id);
  if (gauge && std::find(gauges_.begin(), gauges_.end(), id) == gauges_.end()) gauges_.push_back(id);
  return metrics_.size() <= InstanceMetrics::kMost;
}

bool Proxy::take_figures(WireReader& in) {
  while (!in.ended()) {
    const auto number = in.number<std::uint32_t>();
    const auto value = in.number<std::int64_t>();
    if (!in.ok() || number == 0 || number > metrics_.size()) return false;
    const std::uint32_t id = metrics_[number - 1];
    const bool gauge = std::find(gauges_.begin(), gauges_.end(), id) != gauges_.end();
    gauge ? instance_.metrics().set(id, value) : instance_.metrics().add(id, value);
  }
  return true;
}

bool Proxy::take_start(WireReader& in, FrameKind kind) {
  if (kind == FrameKind::configured) {
    Configured configured;
    if (!get(in, configured)) return false;
    refusal_ = configured.why;  // it ends now
    return true;
  }
  const std::string_view why = in.text();
  const bool reads_connections = in.flag();
  if (!in.ok()) return false;
  if (!why.empty()) {
    refusal_ = why;
    return true;
  }
  services().timer_stop(std::exchange(timer_, 0));
  ++figures().restarts;
  came_up(reads_connections);
  instance_.log().info("module process restarted", {{"module", instance_.module()}, {"worker", instance_.stage().worker},
                                                    {"pid", process_->pid()}});
  return true;
}

// The socket has ended; soon the process has, too.
void Proxy::gone(bool nonsense) {
  link_.reset();
  if (nonsense) give_up(ProcessEnd::nonsense);
  if (state_ == State::starting && !why_) why_ = ProcessEnd::start;
  if (state_ == State::up) {
    --figures().running;
    if (steady_ms() - since_ >= kSteady.count()) delay_ = Millis{0};
  }
  for (const std::uint32_t gauge : gauges_) instance_.metrics().set(gauge, 0);
  state_ = State::ended;
  since_ = steady_ms();
  for (const dunlin_ticket ticket : std::exchange(pending_, {})) refuse(ticket, "its process has ended");
  reap();
}

void Proxy::reap() {
  const auto exit = process_->ended();
  if (!exit) {
    if (steady_ms() - since_ >= kReapPatience.count()) process_->kill();
    return later(kReap, &Proxy::reap);
  }
  const ProcessEnd end = why_.value_or(exit->signal != 0 ? ProcessEnd::signal : ProcessEnd::exited);
  ++figures().ends[static_cast<std::size_t>(end)];
  delay_ = delay_ == Millis{0} ? kFirstDelay : std::min(2 * delay_, kLastDelay);
  instance_.log().error("module process ended",
                        {{"module", instance_.module()}, {"worker", instance_.stage().worker}, {"pid", process_->pid()},
                         {"reason", process_end_label(end)},
                         {"how", refusal_.empty() ? exit->in_words() : one_line(refusal_)},
                         {"restart_in_ms", delay_.count()}});
  errors_.reset();
  process_.reset();
  refusal_.clear();
  state_ = State::waits;
  later(delay_, &Proxy::start_another);
}

void Proxy::start_another() {
  auto spawned = module_.spawn(instance_.stage().worker);
  if (!spawned) {
    ++figures().ends[static_cast<std::size_t>(ProcessEnd::start)];
    delay_ = std::min(std::max(2 * delay_, kFirstDelay), kLastDelay);
    instance_.log().error("module process cannot be started", {{"module", instance_.module()}, {"why", spawned.error().why},
                                                               {"restart_in_ms", delay_.count()}});
    return later(delay_, &Proxy::start_another);
  }
  process_ = std::move(*spawned);
  open({});
  state_ = State::starting;
  since_ = steady_ms();
  put(link_->out(), module_.start_of(instance_.stage().worker));
  { WireWriter(link_->out(), FrameKind::create); }
  link_->flush();
  later(kStartPatience, &Proxy::start_hangs);
}

// Looks after a process as long as an answer of it is owed, and no longer: one that is idle costs no timer.
void Proxy::watch() {
  if (watch_) return;
  watch_ = services().timer_start(module_.patience() / 4, Millis{0}, [this] {
    watch_ = 0;
    look();
  });
}

void Proxy::look() {
  if (state_ != State::up || (pending_.empty() && pinged_ == 0)) return;
  if (pinged_ != 0 && steady_ms() - pinged_ >= module_.patience().count()) return give_up(ProcessEnd::hung);
  if (pinged_ == 0) {
    pinged_ = steady_ms();
    { WireWriter(link_->out(), FrameKind::ping); }
    flush_later();
  }
  watch();
}

void Proxy::start_hangs() { give_up(ProcessEnd::hung); }

// The rest follows when its socket ends.
void Proxy::give_up(ProcessEnd why) {
  why_ = why;
  process_->kill();
}

void Proxy::later(Millis after, void (Proxy::*what)()) {
  if (timer_) services().timer_stop(timer_);
  timer_ = services().timer_start(after, Millis{0}, [this, what] {
    timer_ = 0;
    (this->*what)();
  });
}

}  // namespace dunlin
