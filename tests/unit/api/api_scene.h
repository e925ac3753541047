// SPDX-License-Identifier: Apache-2.0
// ApiScene: the routes, called without a server, over a mesh that only notes what it is asked for.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/api/api.h"
#include "core/hub/topics.h"

namespace dunlin {

class NotingMesh final : public Mesh {
 public:
  struct Asked {
    std::string channel;
    ClientId client;
    Kind kind;
    std::string payload;
  };

  void publish(std::string_view channel, const MessageRef& message, PublishDone done) override {
    asked.push_back({std::string(channel), {}, message->kind(), std::string(message->payload())});
    published.push_back(std::move(done));
    if (at_once) published.back()(tally);
  }
  void send(ClientId id, const MessageRef& message, SendDone done) override {
    asked.push_back({{}, id, message->kind(), std::string(message->payload())});
    sent.push_back(std::move(done));
    if (at_once) sent.back()(status);
  }

  void call(ClientId id, const ConnCall& call, CallDone done) override {
    called.emplace_back(id, call);
    done(outcome);
  }

  bool at_once = true;  // otherwise a test calls what is in `published` and `sent`
  Tally tally{2, 1};
  SendStatus status = SendStatus::sent;
  std::vector<Asked> asked;
  std::vector<PublishDone> published;
  std::vector<SendDone> sent;
  std::vector<std::pair<ClientId, ConnCall>> called;
  CallOutcome outcome{true, ""};
};

// The queue of a node with one worker.
class OneQueue final : public Queue {
 public:
  void push(std::string_view topic, ClientId client, std::string_view data, PushDone done) override {
    const auto outcome = topics.push(topic, client, data);
    if (done) done(outcome.pushed, outcome.waiting);
  }
  ConsumerId pop(QueueConsumer& to, const std::vector<std::string>& names, bool ack, PopDone done) override {
    consumer = &to;
    const bool joined = topics.join(1, names, ack);
    done(joined);
    return 1;
  }
  void settle(ConsumerId id, const std::vector<std::uint64_t>& ids) override { topics.done(id, ids); }
  void acknowledge(ConsumerId id, const std::vector<std::uint64_t>& ids, AckDone done) override {
    done(topics.done(id, ids));
  }
  void unpop(ConsumerId id) override { topics.leave(id); }

  TopicCount count{2};
  QueueConsumer* consumer = nullptr;
  Topics topics{0, {.size = 3, .bytes = 100, .ack_ms = 1000}, count, [this](ConsumerId, const QueueMessageRef& message) {
    consumer->on_queue_message(message);
  }};
};

class ApiScene : public ::testing::Test, protected ApiHost {
 protected:
  struct Call {
    std::string method, path, body;
    std::vector<std::pair<std::string, std::string>> headers = {{"host", "127.0.0.1:6789"}};
    std::string peer = "127.0.0.1:50000";
    bool directory = false;
  };
  // The one answer; a status of 0: there was none yet.
  HttpAnswer call(const Call& call);
  HttpAnswer post(const std::string& path, const std::string& body) { return call({"POST", path, body}); }
  HttpAnswer get(const std::string& path) { return call({"GET", path, ""}); }
  // With HTTP Basic.
  HttpAnswer call_as(const std::string& credentials_base64, Call as);

  Config config_;  // complete before the first call
  NotingMesh mesh_;
  OneQueue queue_;
  Counters counters_;
  bool draining_ = false;
  std::vector<Sample> samples_;
  std::vector<NodeInfo> nodes_;
  std::unique_ptr<Api> api_;

 private:
  struct Answers final : HttpAnswerer {
    void answer(std::uint64_t, HttpAnswer given) override { all.push_back(std::move(given)); }
    std::vector<HttpAnswer> all;
  };

  Mesh& mesh() override { return mesh_; }
  Queue& queue() override { return queue_; }
  void offload(std::function<void()> work, std::function<void()> done) override {
    work();
    done();
  }
  Counters& counters() override { return counters_; }
  bool draining() override { return draining_; }
  void collect(std::function<void(std::vector<Sample>)> done) override { done(samples_); }
  std::vector<NodeInfo> nodes() override { return nodes_; }

  Log log_;
  const std::string node_ = "node-1";

 protected:
  ApiScene();
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace dunlin
