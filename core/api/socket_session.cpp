// SPDX-License-Identifier: Apache-2.0
#include "core/api/socket_session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/parameters.h"

namespace dunlin {
namespace {

constexpr int kGoingAway = 1001, kPolicy = 1008;

// `i` as it is given back: a string, an integer with every digit, or null. Some clients call it `id`.
Result<std::string> id_of(const Member& id) {
  if (!id.given()) return std::string("null");
  if (id.value->IsString()) return json::quote(json::text_of(*id.value));
  if (id.value->IsInt64()) return std::to_string(id.value->GetInt64());
  return fail(Errc::bad_input, "\"i\" must be a string, an integer up to 9223372036854775807, or null");
}

// JSON that a script pushed arrives as it is, everything else as a string.
void append_data(std::string& out, std::string_view data) {
  const bool looks = data.size() > 1 && ((data.front() == '{' && data.back() == '}') || (data.front() == '[' && data.back() == ']'));
  if (looks && json::valid(data)) {
    out += data;
  } else {
    out += json::quote(data);
  }
}

}  // namespace

constexpr SocketSession::Own SocketSession::kOwn[] = {
    {"queue.pop", Role::read, &SocketSession::pop},
    {"queue.unpop", Role::read, &SocketSession::unpop},
    {"queue.ack", Role::read, &SocketSession::ack},
};

SocketSession::SocketSession(ApiHost& host, SocketSessions& sessions, std::string node, Access::Decision user,
                             std::string password)
    : host_(host), sessions_(sessions), node_(json::quote(node)), user_(std::move(user)), password_(std::move(password)) {}

SocketSession::~SocketSession() = default;

void SocketSession::on_open(WebSocket& socket) {
  socket_ = &socket;
  sessions_.open.push_back(this);
}

void SocketSession::on_closed(SocketEnd) {
  held_.clear();
  on_written();  // what has left is settled; the rest goes to others
  leave_topics();
  socket_ = nullptr;
  std::erase(sessions_.open, this);
}

void SocketSession::on_drain() {
  draining_ = true;
  if (in_flight_ == 0 && socket_) socket_->close(kGoingAway, "the server is stopping");
}

void SocketSession::on_access_changed(const Access& access) {
  const AccessUser* user = access.find(user_.user);
  if (access.open() && user_.user.empty()) return;
  if (user && user->password == password_) {
    user_.read = user->read;
    user_.write = user->write;
  } else if (socket_) {
    socket_->close(kPolicy, "the users of the API have changed");
  }
}

void SocketSession::on_message(Kind kind, std::string_view data) {
  ++sessions_.requests;
  if (kind != Kind::text) return refuse(ApiCode::bad_parameters, "a request is a text frame", "null");
  if (data == "ping") {
    socket_->send("pong");
    return;
  }
  const auto request = json::parse(data);
  if (!request) return refuse(ApiCode::bad_parameters, "the request is not JSON: " + request.error().why, "null");
  if (!request->IsObject()) return refuse(ApiCode::bad_parameters, "the request must be an object", "null");
  Member m{"m"}, p{"p"}, i{"i"}, id{"id"};
  const Status sound = find_members(*request, {&m, &p, &i, &id}, host_.counters());
  auto number = id_of(i.value ? i : id);
  if (!number) return refuse(ApiCode::bad_parameters, number.error().why, "null");
  if (!sound) return refuse(ApiCode::bad_parameters, sound.error().why, *number);
  this->request(m, p, std::move(*number));
}

void SocketSession::request(const Member& m, const Member& p, std::string id) {
  const auto given = text_of(m);
  if (!given) return refuse(ApiCode::bad_parameters, given.error().why, id);
  const std::string_view name = *given;
  if (host_.draining()) return refuse(ApiCode::stopping, "the server is stopping", id);
  const json::Value none(rapidjson::kObjectType);
  const json::Value& parameters = p.given() ? *p.value : none;
  const auto own = std::find_if(std::begin(kOwn), std::end(kOwn), [&](const Own& row) { return row.name == name; });
  const Method* method = own == std::end(kOwn) ? find_method(name) : nullptr;
  if (own == std::end(kOwn) && !method)
    return refuse(ApiCode::bad_parameters, fmt::format("there is no method {}", json::quote(name)), id);
  const Role role = method ? method->role : own->role;
  if (!may(role)) return refuse(ApiCode::forbidden, role == Role::read ? "this user may not read" : "this user may not write", id);
  if (method) return method->run(host_, parameters, answer_to(std::move(id)));
  (this->*own->run)(parameters, answer_to(std::move(id)));
}

Method::Done SocketSession::answer_to(std::string id) {
  if (++in_flight_ == kMostInFlight) socket_->rest(true);
  return [self = shared_from_this(), id = std::move(id)](const ApiReply& reply) {
    if (self->in_flight_-- == kMostInFlight && self->socket_) self->socket_->rest(false);
    self->answer(reply, id);
    if (self->draining_ && self->in_flight_ == 0) self->on_drain();
  };
}

void SocketSession::answer(const ApiReply& reply, std::string_view id) {
  if (!socket_) return;
  out_.assign(1, '{').append(reply.members).append(R"(,"i":)").append(id) += '}';
  socket_->send(out_);
}

void SocketSession::refuse(ApiCode code, std::string_view why, std::string_view id) {
  ++sessions_.refused;
  answer(refusal(code, why), id);
}

void SocketSession::pop(const json::Value& parameters, Method::Done done) {
  const auto given = pop_parameters(parameters, host_.counters());
  if (!given) return done(refusal(ApiCode::bad_parameters, given.error().why));
  if (consumer_ != 0) return done(refusal(ApiCode::popping, "this connection pops already; unpop first"));
  ack_ = given->ack;
  const auto answered = [self = shared_from_this(), number = ++pops_, done = std::move(done)](bool popping) {
    if (!popping && self->pops_ == number) self->consumer_ = 0;
    done(popping ? result(R"({"s":true})") : refusal(ApiCode::pop_failed, "there are too many topics"));
  };
  consumer_ = host_.queue().pop(*this, given->topics, given->ack, answered);
}

void SocketSession::unpop(const json::Value&, Method::Done done) {
  if (consumer_ == 0) return done(refusal(ApiCode::unpop_failed, "this connection does not pop"));
  // What waits in the socket's buffer will leave it: it must not come twice.
  std::vector<std::uint64_t> leaving;
  for (const Sent& one : sent_) leaving.push_back(one.id);
  if (!leaving.empty()) host_.queue().settle(consumer_, leaving);
  leave_topics();
  done(result(R"({"s":true})"));
}

void SocketSession::ack(const json::Value& parameters, Method::Done done) {
  const auto ids = ack_parameters(parameters, host_.counters());
  if (!ids) return done(refusal(ApiCode::bad_parameters, ids.error().why));
  if (consumer_ == 0 || !ack_) return done(refusal(ApiCode::ack_failed, "this connection does not pop with \"ack\": true"));
  host_.queue().acknowledge(consumer_, *ids, [done = std::move(done), asked = ids->size()](std::size_t acknowledged) {
    if (acknowledged == asked) return done(result(R"({"s":true})"));
    done(refusal(ApiCode::ack_failed, fmt::format("{} of {} were not this connection's to acknowledge", asked - acknowledged, asked)));
  });
}

void SocketSession::leave_topics() {
  if (consumer_ == 0) return;
  sent_.clear();
  held_.clear();  // goes to others
  host_.queue().unpop(std::exchange(consumer_, 0));
}

// A consumer that reads slowly is not closed for it: what it does not take stays with the topic.
bool SocketSession::has_room() const {
  constexpr std::uint64_t kAhead = 128 * 1024;
  return socket_->ready() && socket_->queued() - socket_->written() < kAhead;
}

void SocketSession::on_queue_message(const QueueMessageRef& message) {
  if (!socket_ || consumer_ == 0) return;  // unpop, which is on its way, gives it to others
  if (held_.empty() && has_room()) return send_event(*message);
  held_.push_back(message);
}

void SocketSession::send_held() {
  for (; !held_.empty() && has_room(); held_.pop_front()) send_event(*held_.front());
}

void SocketSession::send_event(const QueueMessage& message) {
  out_ = R"({"e":"queue.pop","p":{"n":)";
  out_.append(message.node.empty() ? node_ : json::quote(message.node)).append(R"(,"c":")").append(message.client.text()).append(R"(","t":)").append(json::quote(message.topic));
  out_.append(R"(,"d":)");
  append_data(out_, message.data);
  if (ack_) out_.append(R"(,"id":")").append(std::to_string(message.id)) += '"';
  out_.append(R"(},"i":null})");
  if (!socket_->send(out_)) return;
  ++sessions_.events;
  if (!ack_) sent_.push_back({message.id, socket_->queued()});
}

void SocketSession::on_written() {
  if (consumer_ == 0) return;
  send_held();
  if (sent_.empty()) return;
  const std::uint64_t written = socket_->written();
  std::vector<std::uint64_t> gone;
  for (; !sent_.empty() && sent_.front().end <= written; sent_.pop_front()) gone.push_back(sent_.front().id);
  if (!gone.empty()) host_.queue().settle(consumer_, gone);
}

}  // namespace dunlin
