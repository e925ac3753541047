// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/rig.h"

#include <algorithm>
#include <utility>

#include "core/base/json.h"

namespace dunlin {
namespace {

Rig::Login told(LoginOutcome outcome) {
  return outcome == LoginOutcome::allowed  ? Rig::Login::allowed
         : outcome == LoginOutcome::denied ? Rig::Login::denied
                                           : Rig::Login::unavailable;
}

std::unique_ptr<ModuleSet> set_of(std::shared_ptr<Selection> selection, std::size_t slot) {
  auto set = std::make_unique<ModuleSet>();
  ModuleSet::EndpointModules endpoint;
  if (selection->auth()) endpoint.auth.push_back({slot, false, Rig::kDeadline});
  if (selection->guard()) endpoint.guards.push_back({slot, false, Rig::kDeadline});
  if (selection->filter()) set->filters.push_back({slot, false, Rig::kDeadline});
  if (const dunlin_http_route* table = selection->route())
    for (std::size_t i = 0; i < table->route_count; ++i)
      set->routes.push_back({table->routes[i].method, table->routes[i].path, table->routes[i].role, slot, i, Rig::kDeadline});
  endpoint.router = slot;
  set->endpoints = {{std::move(endpoint)}};
  set->selections.push_back(std::move(selection));
  set->first_slot = slot;
  return set;
}

}  // namespace

Rig::Rig(std::shared_ptr<Selection> selection, Log& log, std::shared_ptr<Hosts> hosts) : log_(log) {
  services_.share_hosts(std::move(hosts));
  sets_.push_back(set_of(std::move(selection), 0));
  // A router that logs somebody in is refused, one that subscribes somebody is obeyed; both on another turn.
  services_.authenticate = [this](ClientId, std::string_view, std::uint32_t, Services::LoginDone done) {
    services_.defer([done = std::move(done)] { done(DUNLIN_DENY, DUNLIN_E_DENIED); });
    return DUNLIN_OK;
  };
  services_.subscribe_with = [this](ClientId, std::string_view, Services::SubscribeDone done) {
    services_.defer([done = std::move(done)] { done(DUNLIN_OK); });
    return DUNLIN_OK;
  };
}

Rig::~Rig() { stop(); }

Status Rig::start() {
  auto created = ModuleRuntime::create(*sets_.back(), services_, *this, log_, 0);
  if (!created) return created.error();
  runtime_ = std::move(*created);
  return ok();
}

Status Rig::prepare(std::shared_ptr<Selection> selection) {
  auto next = set_of(std::move(selection), sets_.size());
  if (Status prepared = runtime_->prepare(*next); !prepared) return prepared;
  sets_.push_back(std::move(next));
  runtime_->use(*sets_.back());
  return ok();
}

void Rig::hand_over(ClientId id) {
  runtime_->cancel(id, DUNLIN_CANCEL_STOPPING);
  runtime_->hand_over(before().endpoints[0][0], modules(), id);
}

bool Rig::retire() { return runtime_->retire(before(), true); }

Rig::Login Rig::login(ClientId id, std::string_view token) {
  logins_.erase(id);
  const std::string text(token);  // NUL-terminated
  const auto answer = runtime_->login(modules(), id, text, DUNLIN_LOGIN_MESSAGE);
  if (!answer) return Login::waits;
  reason_ = answer->reason;
  return told(answer->outcome);
}

void Rig::login_answered(ClientId id, LoginAnswer answer) {
  reason_ = answer.reason;
  logins_[id] = told(answer.outcome);
}

std::optional<Rig::Login> Rig::login_answer(ClientId id) const {
  const auto found = logins_.find(id);
  return found == logins_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<RouterOutcome> Rig::open(ClientId id) { return runtime_->open(modules(), id); }

std::optional<RouterOutcome> Rig::message(ClientId id, Kind kind, std::string_view data) {
  return runtime_->message(modules(), id, kind, data);
}

void Rig::close(ClientId id) {
  runtime_->cancel(id);
  runtime_->close(modules(), id, 1001, "the check is over");
}

std::int64_t Rig::input(ClientId id, std::string unread) { return runtime_->input(modules(), id, unread); }

bool Rig::encode(ClientId id, const std::string& data) {
  const MessageRef message = Message::make(is_utf8(data) ? Kind::text : Kind::binary, data);
  return runtime_->encode(modules(), id, *message.operator->()).outcome != Encoded::Outcome::failed;
}

bool Rig::guard(ClientId id, std::string_view channel) {
  const auto answered = std::make_shared<bool>(false);
  runtime_->guard(modules(), id, std::string(channel), [answered](dunlin_status) { *answered = true; });
  return *answered;
}

FilterOutcome Rig::filter(std::string data) {
  Kind kind = Kind::text;
  return runtime_->filter("check", kind, data);
}

bool Rig::serve(std::size_t route, std::string body) {
  const auto answered = std::make_shared<bool>(false);
  const ModuleSet::Route& row = runtime_->routes()[route];
  const RouteCall call{.method = std::string(row.method), .path = std::string(row.path), .query = "a=%00&b",
                       .body = std::move(body), .peer = "192.0.2.1:1", .headers = {{"content-type", "text/plain"}}};
  runtime_->serve(row, call, [answered](Reply) { *answered = true; });
  return *answered;
}

void Rig::settle(int http_code, const std::string& http_body, Millis moment) {
  for (int round = 0; round < 20; ++round) {
    while (services_.turn()) {
    }
    if (services_.requests() > 0) {
      services_.answer_http(http_code, http_body);
    } else if (!pending() || !services_.wait_for_post(moment)) {
      return;
    }
  }
}

void Rig::settle_stopped() {
  while (services_.turn()) {
  }
}

double Rig::figure(std::string_view name, std::string_view label) const {
  std::vector<Sample> samples;
  runtime_->collect(samples);
  double sum = 0;
  for (const Sample& sample : samples) {
    const auto carries = [&](const auto& one) { return one.second == label; };
    if (sample.name == name && (label.empty() || std::any_of(sample.labels.begin(), sample.labels.end(), carries)))
      sum += sample.value;
  }
  return sum;
}

}  // namespace dunlin
