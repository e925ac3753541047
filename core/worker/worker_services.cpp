// SPDX-License-Identifier: Apache-2.0
#include "core/worker/worker_services.h"

#include <tuple>
#include <utility>

#include "core/base/json.h"
#include "core/session/query.h"

namespace dunlin {
namespace {

dunlin_status status_of(SendStatus status) {
  switch (status) {
    case SendStatus::sent: return DUNLIN_OK;
    case SendStatus::no_such_connection: return DUNLIN_E_GONE;
    case SendStatus::full: return DUNLIN_E_FULL;
    case SendStatus::timeout: return DUNLIN_E_TIMEOUT;
    case SendStatus::failed:
    case SendStatus::unreachable: return DUNLIN_E_FAILED;
  }
  return DUNLIN_E_FAILED;
}

dunlin_status status_of(Queue::Pushed pushed) {
  switch (pushed) {
    case Queue::Pushed::yes: return DUNLIN_OK;
    case Queue::Pushed::full:
    case Queue::Pushed::too_many_topics: return DUNLIN_E_FULL;
    case Queue::Pushed::timeout: return DUNLIN_E_TIMEOUT;
    case Queue::Pushed::too_large: return DUNLIN_E_INVALID;
    case Queue::Pushed::unavailable: return DUNLIN_E_UNAVAILABLE;
  }
  return DUNLIN_E_FAILED;
}

dunlin_status status_of(const Status& status) {
  if (status) return DUNLIN_OK;
  return status.error().code == Errc::too_big ? DUNLIN_E_FULL : DUNLIN_E_INVALID;
}

}  // namespace

std::string_view WorkerServices::keep(std::string text) {
  if (!std::exchange(clearing_, true))
    loop_.defer([this] {
      kept_.clear();
      clearing_ = false;
    });
  return kept_.emplace_back(std::move(text));
}

dunlin_status WorkerServices::found(const std::optional<std::string>& value, std::string_view& out) {
  if (!value) return DUNLIN_E_NOT_FOUND;
  out = keep(*value);
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_info(ClientId id, std::uint32_t what, std::string_view& out) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  if (what == DUNLIN_CONN_REMOTE_ADDR || what == DUNLIN_CONN_PATH) {
    out = what == DUNLIN_CONN_PATH ? session->endpoint().path : session->remote_addr();
    return DUNLIN_OK;
  }
  const Handshake* handshake = session->handshake();
  if (!handshake) return DUNLIN_E_NOT_FOUND;
  const std::string_view name = handshake_name(what);
  if (name.empty()) return DUNLIN_E_INVALID;
  const auto value = handshake->get(name);
  if (!value || value->empty()) return DUNLIN_E_NOT_FOUND;
  out = *value;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_certificate(ClientId id, std::string_view& pem) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const auto value = session->handshake() ? session->handshake()->get(Handshake::kTlsCertificate) : std::nullopt;
  if (!value) return DUNLIN_E_NOT_FOUND;
  pem = *value;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_header(ClientId id, std::string_view name, std::string_view& out) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const auto value = session->handshake() && !name.starts_with(':') ? session->handshake()->get(name) : std::nullopt;
  if (!value) return DUNLIN_E_NOT_FOUND;
  out = *value;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_header_at(ClientId id, std::size_t index, std::string_view& name,
                                             std::string_view& value) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const Handshake* handshake = session->handshake();
  const auto header = handshake ? handshake->header_at(index) : std::nullopt;
  if (!header) return DUNLIN_E_NOT_FOUND;
  std::tie(name, value) = *header;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_query(ClientId id, std::string_view name, std::string_view& out) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const auto uri = session->handshake() ? session->handshake()->get(Handshake::kUri) : std::nullopt;
  return found(uri ? query_of(*uri, name) : std::nullopt, out);
}

dunlin_status WorkerServices::conn_cookie(ClientId id, std::string_view name, std::string_view& out) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  return found(session->handshake() ? cookie_of(*session->handshake(), name) : std::nullopt, out);
}

dunlin_status WorkerServices::conn_option(ClientId id, std::string_view name, std::string_view& out) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  auto [options, fresh] = options_.try_emplace(&session->endpoint());
  if (fresh) options->second = options_of(session->endpoint().options);
  const auto option = options->second.find(name);
  if (option == options->second.end()) return DUNLIN_E_NOT_FOUND;
  out = option->second;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_options(ClientId id, std::string_view& json) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  json = session->endpoint().options;
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  if (!session->logged_in()) return DUNLIN_E_NOT_FOUND;
  text = session->uid();
  kind = session->uid_kind();
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_authenticate(ClientId id, std::string_view token, std::uint32_t source,
                                                LoginDone done) {
  Session* session = sessions_.find(id);
  return session ? session->authenticate(token, source, std::move(done)) : DUNLIN_E_GONE;
}

dunlin_status WorkerServices::conn_send(ClientId id, Kind kind, std::string_view data) {
  Session* session = sessions_.find(id);
  return session ? session->send(kind, data) : DUNLIN_E_GONE;
}

dunlin_status WorkerServices::conn_close(ClientId id, int code, std::string_view reason) {
  Session* session = sessions_.find(id);
  if (!session || session->step() == Step::closing) return DUNLIN_E_GONE;
  session->close(CloseReason::by_module, code, reason);
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_unread(ClientId id, std::size_t& size) {
  const Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const Transport* transport = session->transport();
  if (!transport) return DUNLIN_E_GONE;
  if (transport->protocol() != Protocol::socket) return DUNLIN_E_NOT_FOUND;
  size = transport->unread();
  return DUNLIN_OK;
}

dunlin_status WorkerServices::conn_clear(ClientId id) {
  std::size_t size = 0;
  const dunlin_status status = conn_unread(id, size);
  if (status == DUNLIN_OK) sessions_.find(id)->transport()->clear_unread();
  return status;
}

dunlin_status WorkerServices::subscribe(ClientId id, std::string_view channel) {
  Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  return session->guarded() ? DUNLIN_E_DENIED : session->subscribe(channel);
}

dunlin_status WorkerServices::subscribe_asking(ClientId id, std::string_view channel, SubscribeDone done) {
  Session* session = sessions_.find(id);
  return session ? session->subscribe_asking(channel, std::move(done)) : DUNLIN_E_GONE;
}

dunlin_status WorkerServices::unsubscribe(ClientId id, std::string_view channel) {
  Session* session = sessions_.find(id);
  return session ? session->unsubscribe(channel) : DUNLIN_E_GONE;
}

dunlin_status WorkerServices::publish(std::string_view channel, Kind kind, std::string_view data, PublishDone done) {
  if (channel.size() + data.size() > mesh_.largest()) return DUNLIN_E_INVALID;
  Mesh::PublishDone report;
  if (done)  // the mesh may answer at once; a module must not be called back from its own call
    report = [this, done = std::move(done)](Tally tally) {
      loop_.defer([done, tally] { done(tally.success, tally.fail); });
    };
  const MessageRef message = Message::make(kind, data);
  outside_hooks([this, name = std::string(channel), message, report = std::move(report)]() mutable {
    mesh_.publish(name, message, std::move(report));
  });
  return DUNLIN_OK;
}

dunlin_status WorkerServices::send(ClientId id, Kind kind, std::string_view data, SendDone done) {
  if (data.size() > mesh_.largest()) return DUNLIN_E_INVALID;
  Mesh::SendDone report;
  if (done)
    report = [this, done = std::move(done)](SendStatus status) {
      loop_.defer([done, status] { done(status_of(status)); });
    };
  outside_hooks([this, id, message = Message::make(kind, data), report = std::move(report)]() mutable {
    mesh_.send(id, message, std::move(report));
  });
  return DUNLIN_OK;
}

dunlin_status WorkerServices::queue_push(ClientId about, std::string_view topic, std::string_view data, QueueDone done) {
  if (topic.size() + data.size() > mesh_.largest()) return DUNLIN_E_INVALID;
  Queue::PushDone report;
  if (done)
    report = [this, done = std::move(done)](Queue::Pushed pushed, std::size_t held) {
      loop_.defer([done, pushed, held] { done(status_of(pushed), held); });
    };
  queue_.push(topic, about, data, std::move(report));
  return DUNLIN_OK;
}

dunlin_status WorkerServices::context_get(ClientId id, std::string_view key, std::string_view& out) {
  Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  const std::string* value = session->context().get(key);
  if (!value) return DUNLIN_E_NOT_FOUND;
  out = keep(*value);  // a copy: the hook may set the same key next
  return DUNLIN_OK;
}

dunlin_status WorkerServices::context_set(ClientId id, std::string_view key, std::string_view json) {
  Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  return status_of(session->context().set(key, json, sessions_.defer()));
}

dunlin_status WorkerServices::context_all(ClientId id, std::string_view& out) {
  Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  out = keep(session->context().all());
  return DUNLIN_OK;
}

dunlin_status WorkerServices::context_replace(ClientId id, std::string_view json) {
  Session* session = sessions_.find(id);
  if (!session) return DUNLIN_E_GONE;
  return status_of(session->context().replace(json, sessions_.defer()));
}

dunlin_status WorkerServices::context_wait(ClientId id, std::string_view key, Millis timeout, ContextDone done) {
  Session* session = sessions_.find(id);
  if (!session || session->step() == Step::closing) return DUNLIN_E_GONE;
  if (session->transport() && session->transport()->leave_if_done()) return DUNLIN_E_GONE;
  session->context().wait(key, timeout, wheel_, sessions_.defer(), std::move(done));
  return DUNLIN_OK;
}

bool WorkerServices::context_waited(ClientId id) {
  Session* session = sessions_.find(id);
  return session && session->context().waited();
}

std::uint64_t WorkerServices::http_request(HttpRequest request, std::function<void(const HttpResponse&)> done) {
  return http_.request(std::move(request), std::move(done));
}

dunlin_status WorkerServices::redis_command(std::string_view name, std::vector<std::string> argv, Millis timeout,
                                            std::function<void(const RedisReply&)> done, std::uint64_t& id) {
  switch (redis_.command(name, argv, timeout, std::move(done), id)) {
    case RedisClient::Submitted::yes: return DUNLIN_OK;
    case RedisClient::Submitted::unknown_server: return DUNLIN_E_NOT_FOUND;
    case RedisClient::Submitted::refused: return DUNLIN_E_DENIED;
    case RedisClient::Submitted::full: break;
  }
  return DUNLIN_E_FULL;
}

bool WorkerServices::http_cancel(std::uint64_t id) { return http_.cancel(id); }

}  // namespace dunlin
