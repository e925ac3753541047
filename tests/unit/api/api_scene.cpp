// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/api/api_scene.h"

namespace dunlin {

ApiScene::ApiScene() : log_(-1) {}  // nobody reads it

HttpAnswer ApiScene::call(const Call& call) {
  if (!api_) api_ = std::make_unique<Api>(config_, node_, static_cast<ApiHost&>(*this), log_);
  answers_->all.clear();
  const HttpCall given{.method = call.method, .path = call.path, .query = {}, .body = call.body, .peer = call.peer,
                       .headers = call.headers};
  if (call.directory) {
    api_->serve_directory(given, HttpResponder(answers_, 0));
  } else {
    api_->serve(given, HttpResponder(answers_, 0));
  }
  EXPECT_LE(answers_->all.size(), 1u);
  return answers_->all.empty() ? HttpAnswer{.status = 0, .body = {}, .headers = {}} : answers_->all.front();
}

HttpAnswer ApiScene::call_as(const std::string& credentials_base64, Call as) {
  as.headers.emplace_back("authorization", "Basic " + credentials_base64);
  return call(as);
}

}  // namespace dunlin
