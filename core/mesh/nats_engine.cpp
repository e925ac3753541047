// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/nats_engine.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dunlin {
namespace {

constexpr int kPendingMessages = 1'000'000;            // that wait for the cluster's thread …
constexpr int kPendingBytes = 64 * 1024 * 1024;        // … beyond which libnats drops; the sequence shows it
constexpr std::size_t kMessage = 64 * 1024;            // bytes of frames that travel as one message
constexpr std::int64_t kFirstWait = 100, kLongestWait = 2000;
constexpr std::int64_t kClosing = 1000;
constexpr std::int64_t kVerdict = 300;

Status status_of(natsStatus status, std::string_view what) {
  if (status == NATS_OK) return ok();
  const char* detail = nats_GetLastError(nullptr);
  return fail(Errc::unavailable, fmt::format("NATS: {}: {}", what, detail && *detail ? detail : natsStatus_GetText(status)));
}

Status subscribing(natsStatus status) {
  if (status != NATS_CONNECTION_CLOSED && status != NATS_INVALID_SUBSCRIPTION) return status_of(status, "cannot subscribe");
  return fail(Errc::unavailable, "it took the connection and ended it at once, as it does when it refuses a log-in; see its log");
}

// Back-off between rounds over all servers: doubled each time, and never the same for two nodes.
std::int64_t wait_before(int attempts) {
  std::random_device random;
  const std::int64_t most = std::min(kFirstWait << std::clamp(attempts - 1, 0, 10), kLongestWait);
  return most / 2 + static_cast<std::int64_t>(random() % static_cast<unsigned>(most / 2 + 1));
}

}  // namespace

Status NatsEngine::configure(natsOptions* options) {
  std::vector<const char*> urls;
  for (const std::string& url : settings_.urls) urls.push_back(url.c_str());
  natsStatus s = natsOptions_SetServers(options, urls.data(), static_cast<int>(urls.size()));
  if (s != NATS_OK) return status_of(s, "mesh.nats.url");
  if (!settings_.credentials.empty()) s = natsOptions_SetUserCredentialsFromFiles(options, settings_.credentials.c_str(), nullptr);
  if (s != NATS_OK) return status_of(s, "mesh.nats.credentials");
  if (settings_.tls) s = natsOptions_SetSecure(options, true);
  if (s == NATS_OK && !settings_.ca.empty()) s = natsOptions_LoadCATrustedCertificates(options, settings_.ca.c_str());
  if (s == NATS_OK && !settings_.certificate.empty())
    s = natsOptions_LoadCertificatesChain(options, settings_.certificate.c_str(), settings_.key.c_str());
  if (s != NATS_OK) return status_of(s, "mesh.nats.tls");

  natsOptions_SetName(options, "dunlin");
  natsOptions_SetTimeout(options, 2000);
  natsOptions_SetPingInterval(options, 1000);
  natsOptions_SetMaxPingsOut(options, 2);
  natsOptions_SetNoEcho(options, true);
  natsOptions_SetSendAsap(options, true);
  natsOptions_SetMaxReconnect(options, -1);
  natsOptions_SetReconnectBufSize(options, 1);  // what cannot go now has been counted as lost: it must not go later
  natsOptions_SetWriteDeadline(options, 1000);
  natsOptions_SetMaxPendingMsgs(options, kPendingMessages);
  natsOptions_UseGlobalMessageDelivery(options, true);
  natsOptions_SetCustomReconnectDelay(options, [](natsConnection*, int attempts, void*) { return wait_before(attempts); }, nullptr);
  const auto up = [](natsConnection* connection, void* self) { static_cast<NatsEngine*>(self)->on_connected(connection); };
  natsOptions_SetReconnectedCB(options, up, this);
  natsOptions_SetDisconnectedCB(options, [](natsConnection*, void* closure) {
    auto* self = static_cast<NatsEngine*>(closure);
    self->connected_ = false;
    const std::lock_guard lock(self->events_lock_);
    if (self->closing_) return;
    self->log_.warn("the connection to NATS is lost");
    self->events_.disconnected();
  }, this);
  // The last that a connection calls.
  natsOptions_SetClosedCB(options, [](natsConnection*, void* closure) {
    auto* self = static_cast<NatsEngine*>(closure);
    self->connected_ = false;
    const std::lock_guard lock(self->events_lock_);
    self->given_up_ = true;
    self->changed_.notify_all();
  }, this);
  natsOptions_SetErrorHandler(options, [](natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    static_cast<NatsEngine*>(closure)->log_.warn("NATS reports an error", {{"error", natsStatus_GetText(status)}});
  }, this);
  return status_of(natsOptions_SetRetryOnFailedConnect(options, true, up, this), "options");
}

Status NatsEngine::open(std::uint64_t boot, Events events) {
  events_ = std::move(events);
  boot_ = boot;
  prefix_ = settings_.prefix + ".node.";
  all_ = settings_.prefix + ".all";
  nobody_ = fmt::format("{}.nobody.{:016x}.", settings_.prefix, boot);
  opened_ = true;
  if (Status made = status_of(natsOptions_Create(&options_), "options"); !made) return made;
  if (Status configured = configure(options_); !configured) return configured;
  // What was refused is tried again, as in a node that runs: it may be a proxy whose server is about to start; and once in some
  // hundreds a log-in is refused though it was right, since what libnats 3.4 signs for credentials is not always taken.
  if (Status begun = begin(); !begun) log_.warn("NATS took no connection", {{"why", begun.error().why}});
  keeper_ = std::thread([this] { keep(); });
  return ok();
}

Status NatsEngine::begin() {
  const std::lock_guard lock(connection_lock_);
  Status status = connect();
  if (status) status = subscribe_all();
  if (!status && connection_) natsConnection_Close(connection_);
  return status;
}

Status NatsEngine::connect() {
  const natsStatus connecting = natsConnection_Connect(&connection_, options_);
  if (connecting == NATS_OK) {
    on_connected(connection_);
    return ok();
  }
  std::unique_lock lock(events_lock_);
  if (connecting == NATS_NOT_YET_CONNECTED) {  // it tries again, which on_connected() is for; or has given up, and says so soon
    changed_.wait_for(lock, std::chrono::milliseconds(kVerdict), [this] { return given_up_ || connected_; });
    return ok();
  }
  given_up_ = true;
  return status_of(connecting, "cannot connect");
}

Status NatsEngine::subscribe_all() {
  Status status = subscribe(all_, &subscriptions_[0], take_frame);
  if (status) status = subscribe(subject_of(boot_), &subscriptions_[1], take_frame);
  if (status) status = subscribe(nobody_ + "*", &subscriptions_[2], take_nobody);
  if (status && !listened_.empty()) status = subscribe(listened_, &subscriptions_[3], take_answer);
  return status;
}

void NatsEngine::keep() {
  std::unique_lock lock(events_lock_);
  while (true) {
    changed_.wait(lock, [this] { return given_up_ || closing_; });
    ++refusals_;
    changed_.wait_for(lock, std::chrono::milliseconds(wait_before(refusals_)), [this] { return closing_; });
    if (closing_) return;
    lock.unlock();
    log_.warn("NATS has ended the connection for good: another one is begun", {{"attempt", refusals_}});
    drop();
    if (Status begun = begin(); !begun) log_.warn("NATS took no connection", {{"why", begun.error().why}});
    lock.lock();
  }
}

void NatsEngine::unsubscribe() {
  for (natsSubscription*& subscription : subscriptions_) natsSubscription_Destroy(std::exchange(subscription, nullptr));
}

void NatsEngine::drop() {
  {
    const std::lock_guard lock(connection_lock_);
    unsubscribe();
    natsConnection_Destroy(std::exchange(connection_, nullptr));
  }
  std::unique_lock lock(events_lock_);
  changed_.wait_for(lock, std::chrono::milliseconds(kClosing), [this] { return given_up_; });
  given_up_ = false;
}

void NatsEngine::take_frame(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  auto* self = static_cast<NatsEngine*>(closure);
  {
    const std::lock_guard lock(self->events_lock_);
    if (!self->closing_)
      FrameBundles::split({natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))}, self->events_.received);
  }
  natsMsg_Destroy(message);
}

// A server that has no subscriber for a request says so at once, by an empty message with a status.
void NatsEngine::take_nobody(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  auto* self = static_cast<NatsEngine*>(closure);
  const std::string_view subject = natsMsg_GetSubject(message);
  std::uint64_t boot = 0;
  const std::string_view digits = subject.substr(std::min(subject.size(), self->nobody_.size()));
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), boot, 16);
  const char* status = nullptr;
  if (read.ec == std::errc() && natsMsgHeader_Get(message, "Status", &status) == NATS_OK && status) {
    const std::lock_guard lock(self->events_lock_);
    if (!self->closing_) self->events_.nobody(boot);
  }
  natsMsg_Destroy(message);
}

Status NatsEngine::subscribe(const std::string& subject, natsSubscription** subscription, natsMsgHandler received) {
  const natsStatus s = natsConnection_Subscribe(subscription, connection_, subject.c_str(), received, this);
  if (s != NATS_OK) return subscribing(s);
  ++subscribed_;
  natsSubscription_SetOnCompleteCB(*subscription, [](void* closure) {
    auto* self = static_cast<NatsEngine*>(closure);
    const std::lock_guard lock(self->events_lock_);
    --self->subscribed_;
    self->changed_.notify_all();
  }, this);
  return subscribing(natsSubscription_SetPendingLimits(*subscription, kPendingMessages, kPendingBytes));
}

void NatsEngine::on_connected(natsConnection* connection) {
  const std::lock_guard lock(events_lock_);
  if (closing_) return;
  char url[256] = "";
  natsConnection_GetConnectedServerId(connection, url, sizeof(url));
  largest_ = static_cast<std::size_t>(natsConnection_GetMaxPayload(connection));
  connected_ = true;
  refusals_ = 0;
  changed_.notify_all();
  log_.info("connected to NATS", {{"server", url}, {"max_payload", largest_.load()}});
  events_.connected();
}

Status NatsEngine::listen(const std::string& subject, std::function<void(Answer)> received) {
  {
    const std::lock_guard lock(events_lock_);
    answered_ = std::move(received);
  }
  const std::lock_guard lock(connection_lock_);
  listened_ = subject;
  if (natsConnection_IsClosed(connection_)) return ok();  // the next one is going to
  return subscribe(listened_, &subscriptions_[3], take_answer);
}

void NatsEngine::take_answer(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  auto* self = static_cast<NatsEngine*>(closure);
  const char* status = nullptr;
  const char* reply = natsMsg_GetReply(message);
  Answer answer{natsMsg_GetSubject(message), reply ? reply : "", "", {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))}};
  if (natsMsgHeader_Get(message, "Status", &status) == NATS_OK && status) answer.status = status;
  {
    const std::lock_guard lock(self->events_lock_);
    if (!self->closing_) self->answered_(std::move(answer));
  }
  natsMsg_Destroy(message);
}

bool NatsEngine::publish(const std::string& subject, const std::string& reply, std::string_view data) {
  if (!connected_) return false;
  const std::lock_guard lock(connection_lock_);
  const auto size = static_cast<int>(data.size());
  return (reply.empty() ? natsConnection_Publish(connection_, subject.c_str(), data.data(), size)
                        : natsConnection_PublishRequest(connection_, subject.c_str(), reply.c_str(), data.data(), size)) == NATS_OK;
}

std::string NatsEngine::subject_of(std::uint64_t boot) const { return fmt::format("{}{:016x}", prefix_, boot); }
std::string NatsEngine::nobody_of(std::uint64_t boot) const { return fmt::format("{}{:016x}", nobody_, boot); }

bool NatsEngine::broadcast(std::string_view frame) {
  flush();  // each node hears from this one in order
  return publish(all_, {}, frame);
}

bool NatsEngine::gather(std::uint64_t boot, bool asks, std::string_view frame) {
  if (!connected_) return false;
  {
    const std::lock_guard lock(connection_lock_);
    if (natsConnection_Status(connection_) != NATS_CONN_STATUS_CONNECTED) return false;
  }
  bundles_.add(boot, asks, frame, std::min(kMessage, largest()));
  return true;
}

void NatsEngine::close() {
  if (!std::exchange(opened_, false)) return;
  {
    const std::lock_guard lock(events_lock_);
    closing_ = true;
    changed_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();  // an attempt to connect takes libnats up to two seconds for each server
  flush();
  if (connected_) natsConnection_FlushTimeout(connection_, kClosing);
  unsubscribe();
  {  // what had arrived by then is freed by the library's thread, which must have come to it before the library ends
    std::unique_lock lock(events_lock_);
    changed_.wait_for(lock, std::chrono::milliseconds(kClosing), [this] { return subscribed_ == 0; });
  }
  if (connection_) natsConnection_Close(connection_);
  natsConnection_Destroy(std::exchange(connection_, nullptr));
  natsOptions_Destroy(std::exchange(options_, nullptr));
  nats_CloseAndWait(kClosing);  // the library's own threads: after this none calls back
}

}  // namespace dunlin
