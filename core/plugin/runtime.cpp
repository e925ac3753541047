// SPDX-License-Identifier: Apache-2.0
// Tickets from question to answer. The chain and the router say what an answer means.
#include "core/plugin/runtime.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {

Status ModuleRuntime::Impl::prepare(const ModuleSet& set) {
  std::vector<std::shared_ptr<Instance>> made;
  for (const auto& selection : set.selections) {
    auto instance = Instance::create(stage_, selection, figures_.try_emplace(selection->name(), selection->name()).first->second);
    if (!instance) {
      for (const auto& fellow : made) fellow->destroy();
      return instance.error();
    }
    made.push_back(std::move(*instance));
  }
  if (instances_.size() < set.slot_of(made.size())) instances_.resize(set.slot_of(made.size()));
  for (std::size_t i = 0; i < made.size(); ++i) {
    CHECK(!instances_[set.slot_of(i)]);
    instances_[set.slot_of(i)] = std::move(made[i]);
  }
  return ok();
}

void ModuleRuntime::Impl::use(const ModuleSet& set) {
  filters_ = set.filters;
  routes_ = set.routes;
}

bool ModuleRuntime::Impl::retire(const ModuleSet& set, bool overdue) {
  bool all = true;
  for (std::size_t i = 0; i < set.selections.size(); ++i) {
    std::shared_ptr<Instance>& instance = instances_[set.slot_of(i)];
    if (!instance) continue;
    if (overdue) questions_.cut(*instance);
    // To destroy one that has work on the pool would mean to wait here.
    if (instance->tasks().busy() || questions_.waits_for(*instance)) {
      all = false;
      continue;
    }
    instance->destroy();
    instance.reset();
  }
  return all;
}

ModuleRuntime::Impl::~Impl() {
  for (auto& [id, waiting] : std::exchange(waiting_, {})) cancel(waiting, DUNLIN_CANCEL_STOPPING);
  questions_.stop();
  stage_->taker = nullptr;
  for (const auto& instance : instances_)
    if (instance) instance->destroy();
}

void ModuleRuntime::Impl::await(dunlin_ticket ticket, ClientId id, bool login, Millis deadline) {
  TicketTable::Note& note = *stage_->tickets.note(ticket);
  note.conn = id;
  note.login = login;
  note.timer = stage_->services.timer_start(deadline, Millis{0}, [this, ticket] { expired(ticket); });
}

void ModuleRuntime::Impl::take(dunlin_ticket ticket, Answer answer) {
  if (questions_.take(ticket, answer)) return;
  const TicketTable::Note* found = stage_->tickets.note(ticket);
  if (!found) return;  // revoked while the answer was on its way
  const TicketTable::Note note = *found;
  if (note.timer) stage_->services.timer_stop(note.timer);
  stage_->tickets.release(ticket);
  if (note.login) {
    login_taken(note.conn, std::move(answer));
  } else {
    router_taken(note.conn, answer);
  }
}

void ModuleRuntime::Impl::expired(dunlin_ticket ticket) {
  TicketTable::Note* note = stage_->tickets.note(ticket);
  if (!note) return;
  note->timer = 0;
  const bool login = note->login;
  const Waiting& waiting = waiting_.at(note->conn);
  const bool was_patient = std::exchange(note->was_patient, false);
  if (!login && (was_patient || note->patient > 0 || waiting.login || stage_->services.context_waited(note->conn))) {
    // Its handler may wait for the log-in, which has deadlines of its own: their answer must reach it first. So have HTTP
    // requests and commands of Redis, and the wait for a context value, which lasts as long as whoever is to set it takes.
    // Behind one that has ended meanwhile, the handler has its deadline once more.
    note->timer = stage_->services.timer_start(waiting.router->endpoint->router_deadline, Millis{0},
                                               [this, ticket] { expired(ticket); });
    return;
  }
  Instance& instance = login ? auth_of(*waiting.login) : router_of(*waiting.router->endpoint);
  if (!stage_->tickets.claim(ticket, &instance)) return;  // its answer is on the way
  call_cancel(instance, login, ticket, DUNLIN_CANCEL_DEADLINE);
  Answer late = fault_answer("no answer within the deadline");
  late.late = true;
  take(ticket, std::move(late));
}

// The module's answer, should it still come, finds nothing.
void ModuleRuntime::Impl::revoke(dunlin_ticket ticket, Instance& instance, bool login, std::int32_t reason) {
  const TicketTable::Note* note = stage_->tickets.note(ticket);
  CHECK(note != nullptr);
  if (note->timer) stage_->services.timer_stop(note->timer);
  const bool unanswered = stage_->tickets.claim(ticket, &instance);
  stage_->tickets.release(ticket);
  if (unanswered) call_cancel(instance, login, ticket, reason);
}

void ModuleRuntime::Impl::call_cancel(Instance& instance, bool login, dunlin_ticket ticket, std::int32_t reason) {
  const auto hook = login ? instance.auth()->cancel : instance.router()->cancel;
  if (!hook) return;
  HookScope scope(instance, Hook::cancel);
  hook(instance.raw(), ticket, reason);
}

void ModuleRuntime::Impl::cancel(Waiting& waiting, std::int32_t reason) {
  if (waiting.login && waiting.login->ticket) revoke(waiting.login->ticket, auth_of(*waiting.login), true, reason);
  if (waiting.router) revoke(waiting.router->ticket, router_of(*waiting.router->endpoint), false, reason);
}

void ModuleRuntime::Impl::cancel(ClientId id, std::int32_t reason) {
  auto node = waiting_.extract(id);
  if (node) cancel(node.mapped(), reason);
  questions_.cancel(id, reason);
}

void ModuleRuntime::Impl::forget(ClientId id) {
  const auto found = waiting_.find(id);
  if (found != waiting_.end() && !found->second.login && !found->second.router) waiting_.erase(found);
}

void ModuleRuntime::Impl::collect(std::vector<Sample>& out) const {
  out.push_back({.name = "dunlin_tickets_pending", .help = "Questions that modules have not answered yet",
                 .type = MetricType::gauge, .labels = {}, .value = static_cast<double>(stage_->tickets.size()),
                 .buckets = {}});
  out.push_back({.name = "dunlin_late_answers_total",
                 .help = "Answers to tickets that were answered already, cancelled or past their deadline",
                 .labels = {}, .value = static_cast<double>(stage_->late_answers.load(std::memory_order_relaxed)), .buckets = {}});
  for (const auto& [module, figures] : figures_) {
    const auto is_its = [&its = module](const auto& instance) { return instance && instance->module() == its; };
    const auto living = std::count_if(instances_.begin(), instances_.end(), is_its);
    out.push_back({.name = "dunlin_module_instances", .help = "Instances that live, by module, counted on each worker",
                   .type = MetricType::gauge, .labels = {{"module", module}}, .value = static_cast<double>(living),
                   .buckets = {}});
    figures.collect(module, stage_->worker, out);
  }
  stage_->services.hosts().collect(out);
  for (const auto& instance : instances_)
    if (instance) instance->collect(out);
}

ModuleRuntime::ModuleRuntime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModuleRuntime::~ModuleRuntime() = default;

Result<std::unique_ptr<ModuleRuntime>> ModuleRuntime::create(const ModuleSet& set, Services& services, AnswerSink& sink,
                                                             Log& log, unsigned worker) {
  auto impl = std::make_unique<Impl>(services, sink, log, worker);
  if (Status created = impl->prepare(set); !created) return created.error();
  impl->use(set);
  return std::unique_ptr<ModuleRuntime>(new ModuleRuntime(std::move(impl)));
}

std::optional<LoginAnswer> ModuleRuntime::login(const ModuleSet::EndpointModules& endpoint, ClientId id,
                                                std::string_view token, std::uint32_t source) {
  return impl_->login(endpoint, id, token, source);
}

std::optional<RouterOutcome> ModuleRuntime::open(const ModuleSet::EndpointModules& endpoint, ClientId id) {
  return impl_->open(endpoint, id);
}

std::optional<RouterOutcome> ModuleRuntime::message(const ModuleSet::EndpointModules& endpoint, ClientId id,
                                                    Kind kind, std::string_view data) {
  return impl_->message(endpoint, id, kind, data);
}

void ModuleRuntime::close(const ModuleSet::EndpointModules& endpoint, ClientId id, int code, std::string_view why) {
  impl_->close(endpoint, id, code, why);
}

void ModuleRuntime::guard(const ModuleSet::EndpointModules& endpoint, ClientId id, std::string channel, GuardDone done) {
  impl_->guard(endpoint, id, std::move(channel), std::move(done));
}

bool ModuleRuntime::filters() const { return impl_->filters(); }

FilterOutcome ModuleRuntime::filter(const std::string& channel, Kind& kind, std::string& data) {
  return impl_->filter(channel, kind, data);
}

const std::vector<ModuleSet::Route>& ModuleRuntime::routes() const { return impl_->routes(); }

void ModuleRuntime::serve(const ModuleSet::Route& route, const RouteCall& call, RouteDone done) {
  impl_->serve(route, call, std::move(done));
}

bool ModuleRuntime::in_hook() const { return impl_->in_hook(); }
Status ModuleRuntime::prepare(const ModuleSet& set) { return impl_->prepare(set); }
void ModuleRuntime::use(const ModuleSet& set) { impl_->use(set); }
bool ModuleRuntime::retire(const ModuleSet& set, bool overdue) { return impl_->retire(set, overdue); }

void ModuleRuntime::hand_over(const ModuleSet::EndpointModules& from, const ModuleSet::EndpointModules& to,
                              ClientId id) {
  impl_->hand_over(from, to, id);
}

void ModuleRuntime::release(const ModuleSet::EndpointModules& from, ClientId id) { impl_->release(from, id); }
bool ModuleRuntime::pending(ClientId id) const { return impl_->pending(id); }
void ModuleRuntime::cancel(ClientId id, std::int32_t reason) { impl_->cancel(id, reason); }

std::int64_t ModuleRuntime::input(const ModuleSet::EndpointModules& endpoint, ClientId id, std::string_view unread) {
  return impl_->input(endpoint, id, unread);
}

Encoded ModuleRuntime::encode(const ModuleSet::EndpointModules& endpoint, ClientId id, const Message& message) {
  return impl_->encode(endpoint, id, message);
}

void ModuleRuntime::collect(std::vector<Sample>& out) const { impl_->collect(out); }

}  // namespace dunlin
