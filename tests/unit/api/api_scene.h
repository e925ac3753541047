// SPDX-License-Identifier: Apache-2.0
// ApiScene: the routes, called without a server, over a mesh that only notes what it is asked for.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/api/api.h"

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

  bool at_once = true;  // otherwise a test calls what is in `published` and `sent`
  Tally tally{2, 1};
  SendStatus status = SendStatus::sent;
  std::vector<Asked> asked;
  std::vector<PublishDone> published;
  std::vector<SendDone> sent;
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
  bool draining() override { return draining_; }
  void collect(std::function<void(std::vector<Sample>)> done) override { done(samples_); }
  std::vector<NodeInfo> nodes() override { return nodes_; }

  Log log_;

 protected:
  ApiScene();
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

}  // namespace dunlin
