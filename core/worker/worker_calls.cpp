// SPDX-License-Identifier: Apache-2.0
// What a backend asks to be done to one connection (conn.call), done to its session.
#include <charconv>
#include <string>
#include <utility>

#include "core/worker/worker.h"

namespace dunlin {
namespace {

CallOutcome done() { return {true, ""}; }
CallOutcome failed(std::string why) { return {false, std::move(why)}; }

CallOutcome outcome_of(const Status& status) { return status ? done() : failed(status.error().why); }

CallOutcome subscribe(Session& session, const std::vector<std::string>& channels) {
  for (const std::string& channel : channels) {
    const dunlin_status status = session.subscribe(channel);
    if (status == DUNLIN_E_FULL) return failed("the connection subscribes to as many channels as it may");
    if (status != DUNLIN_OK) return failed("no such connection");
  }
  return done();
}

CallOutcome unsubscribe(Session& session, const std::vector<std::string>& channels) {
  for (const std::string& channel : channels)
    if (session.unsubscribe(channel) == DUNLIN_E_GONE) return failed("no such connection");
  return done();
}

CallOutcome close(Session& session, const std::string& code, const std::string& reason) {
  int number = 0;
  std::from_chars(code.data(), code.data() + code.size(), number);
  session.close(CloseReason::by_module, number, reason);
  return done();
}

CallOutcome context(Session& session, const std::vector<std::string>& keys) {
  if (keys.empty()) return {true, session.context().all()};
  const std::string* value = session.context().get(keys.front());
  return {true, value ? *value : "null"};
}

}  // namespace

void Worker::call(ClientId id, const ConnCall& call, std::function<void(CallOutcome)> done) {
  const CallOutcome outcome = call_now(id, call);
  Settling& settling = sessions_.settling();
  const bool waits = outcome.done && call.function == ConnCall::Function::subscribe && settling.busy();
  if (!waits) return done(outcome);
  settling.then([done = std::move(done), outcome] { done(outcome); });
}

CallOutcome Worker::call_now(ClientId id, const ConnCall& call) {
  Session* session = sessions_.find(id);
  if (!session || session->step() == Step::closing) return failed("no such connection");
  const std::vector<std::string>& arguments = call.arguments;
  switch (call.function) {
    case ConnCall::Function::set_context_value:
      return outcome_of(session->context().set(arguments[0], arguments[1], sessions_.defer()));
    case ConnCall::Function::set_context:
      return outcome_of(session->context().replace(arguments[0], sessions_.defer()));
    case ConnCall::Function::subscribe: return subscribe(*session, arguments);
    case ConnCall::Function::unsubscribe: return unsubscribe(*session, arguments);
    case ConnCall::Function::close: return close(*session, arguments[0], arguments[1]);
    case ConnCall::Function::context: return context(*session, arguments);
  }
  return failed("no such function");
}

}  // namespace dunlin
