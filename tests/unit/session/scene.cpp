// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include "core/base/clock.h"

namespace dunlin {

// The double: linked in place of core/plugin's runtime, which no session test needs.
class ModuleRuntime::Impl {
 public:
  Script* script = nullptr;
  std::vector<ModuleSet::Route> routes;
};

namespace {

Script*& current_script() {
  static Script* script = nullptr;
  return script;
}

}  // namespace

ModuleRuntime::ModuleRuntime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModuleRuntime::~ModuleRuntime() = default;

Result<std::unique_ptr<ModuleRuntime>> ModuleRuntime::create(const ModuleSet&, Services&, AnswerSink&, Log&, unsigned) {
  auto impl = std::make_unique<Impl>();
  impl->script = current_script();
  return std::unique_ptr<ModuleRuntime>(new ModuleRuntime(std::move(impl)));
}

std::optional<LoginAnswer> ModuleRuntime::login(const ModuleSet::EndpointModules&, ClientId, std::string_view token,
                                                std::uint32_t) {
  impl_->script->seen.push_back("login " + std::string(token));
  return impl_->script->login;
}

std::optional<RouterOutcome> ModuleRuntime::open(const ModuleSet::EndpointModules&, ClientId) {
  impl_->script->seen.push_back("open");
  return impl_->script->open;
}

std::optional<RouterOutcome> ModuleRuntime::message(const ModuleSet::EndpointModules&, ClientId id, Kind,
                                                    std::string_view data) {
  impl_->script->seen.push_back("message " + std::string(data));
  if (impl_->script->on_message) impl_->script->on_message(id);
  return impl_->script->message;
}

void ModuleRuntime::close(const ModuleSet::EndpointModules&, ClientId, int code, std::string_view) {
  impl_->script->seen.push_back("close " + std::to_string(code));
}

void ModuleRuntime::guard(const ModuleSet::EndpointModules&, ClientId, std::string channel, GuardDone done) {
  impl_->script->seen.push_back("guard " + channel);
  done(channel.starts_with("no") ? DUNLIN_E_DENIED : DUNLIN_OK);
}

std::int64_t ModuleRuntime::input(const ModuleSet::EndpointModules&, ClientId, std::string_view) { return 0; }

Encoded ModuleRuntime::encode(const ModuleSet::EndpointModules&, ClientId id, const Message& message) {
  return impl_->script->encode(id, message);
}

void ModuleRuntime::cancel(ClientId, std::int32_t) { impl_->script->seen.push_back("cancel"); }

void ModuleRuntime::hand_over(const ModuleSet::EndpointModules&, const ModuleSet::EndpointModules&, ClientId) {
  impl_->script->seen.push_back("hand over");
}

void ModuleRuntime::release(const ModuleSet::EndpointModules&, ClientId) { impl_->script->seen.push_back("release"); }
bool ModuleRuntime::pending(ClientId) const { return impl_->script->pending; }

// Nothing here publishes or serves HTTP; a double that lacked one would bring the real runtime in beside it.
Status ModuleRuntime::prepare(const ModuleSet&) { return ok(); }
void ModuleRuntime::use(const ModuleSet&) {}
bool ModuleRuntime::retire(const ModuleSet&, bool) { return true; }
bool ModuleRuntime::filters() const { return false; }
FilterOutcome ModuleRuntime::filter(const std::string&, Kind&, std::string&) { return FilterOutcome::pass; }
const std::vector<ModuleSet::Route>& ModuleRuntime::routes() const { return impl_->routes; }
void ModuleRuntime::serve(const ModuleSet::Route&, const RouteCall&, RouteDone) {}
bool ModuleRuntime::in_hook() const { return false; }

void ModuleRuntime::collect(std::vector<Sample>&) const {}


Scene::Scene() {
  current_script() = &script;
  endpoint.path = "/test";
  static char nothing;
  auto& services = reinterpret_cast<Services&>(nothing);
  modules = std::move(*ModuleRuntime::create({}, services, table, log, 0));
  table.use(*modules);
  loop.at_turn_end([this] { end_turn(); });
}

void Scene::TearDown() {
  loop.at_turn_end(nullptr);
  table.drain(table.size());
  end_turn();
}

Session& Scene::connect(std::unique_ptr<Handshake> handshake) {
  Session& session = table.open(transport, served, "192.0.2.7:1", std::move(handshake));
  session.start();
  return session;
}

void Scene::end_turn() {
  table.fanout().end_turn();
  flusher.report_overflows();
  table.end_turn();
}

void Scene::run_until(const std::function<bool()>& done) {
  bool late = false;
  Timer deadline([&] {
    late = true;
    loop.stop();
  });
  wheel.start(deadline, Millis{10'000});
  loop.at_turn_end([&] {
    end_turn();
    if (done()) loop.stop();
  });
  loop.run();
  loop.at_turn_end([this] { end_turn(); });
  EXPECT_FALSE(late);
}

double Scene::figure(const std::string& name, const std::string& label) {
  std::vector<Sample> samples;
  table.collect(samples);
  for (const Sample& sample : samples)
    if (sample.name == name && (label.empty() || sample.labels.front().second == label)) return sample.value;
  ADD_FAILURE() << "no figure " << name << " " << label;
  return -1;
}

LoginAnswer Scene::allowed(std::string uid, std::uint32_t kind) {
  LoginAnswer answer;
  answer.outcome = LoginOutcome::allowed;
  answer.identity.uid = std::move(uid);
  answer.identity.uid_kind = kind;
  return answer;
}

}  // namespace dunlin
