// SPDX-License-Identifier: Apache-2.0
// The engines that `mesh.engine` can name; and a module's, which the cluster uses as any other.
#include "core/worker/engines.h"

#include <gmock/gmock.h>

#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace dunlin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Engines : public testing::Test {
 protected:
  void SetUp() override { config_.plugin_directory = DUNLIN_TEST_MODULES "/engines"; }

  std::unique_ptr<MeshEngine> offered(const std::string& module, const std::string& settings = "{}") {
    config_.mesh_engine.clear();
    config_.mesh_module.module = module;
    config_.mesh_module.settings = settings;
    auto made = make_engine(config_, log_);
    EXPECT_TRUE(made) << (made ? "" : made.error().why);
    return made ? std::move(made->mesh) : nullptr;
  }

  MeshEngine::Events events() {
    return {.connected = [this] { hear("connected"); },
            .disconnected = [this] { hear("disconnected"); },
            .received = [this](std::string_view frame) { hear(std::string(frame)); },
            .nobody = [this](std::uint64_t boot) { hear(fmt::format("nobody at {}", boot)); }};
  }

  void hear(std::string what) {
    const std::lock_guard lock(lock_);
    heard_.push_back(std::move(what));
  }

  std::vector<std::string> heard() {
    const std::lock_guard lock(lock_);
    return std::exchange(heard_, {});
  }

  Config config_;
  Log log_{-1};

 private:
  std::mutex lock_;
  std::vector<std::string> heard_;
};

TEST_F(Engines, local_is_the_default_and_reaches_nobody) {
  const auto made = make_engine(config_, log_);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->mesh->name(), "local");
  EXPECT_TRUE(made->mesh->alone());
  EXPECT_EQ(made->nats, nullptr);
}

TEST_F(Engines, nats_may_reach_others_and_has_jetstream) {
  config_.mesh_engine = "nats";
  const auto made = make_engine(config_, log_);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->mesh->name(), "NATS");
  EXPECT_FALSE(made->mesh->alone());
  EXPECT_NE(made->nats, nullptr);
}

TEST_F(Engines, what_is_handed_over_goes_to_the_module_in_order) {
  const auto engine = offered("loop-engine");
  engine->flush();  // a turn that ends before the link is there
  ASSERT_TRUE(engine->open(9, events()));
  EXPECT_EQ(engine->largest(), 65536u);
  EXPECT_TRUE(engine->broadcast("a"));
  EXPECT_TRUE(engine->send(7, "b"));
  EXPECT_TRUE(engine->ask(8, "c"));
  engine->flush();
  EXPECT_THAT(heard(), ElementsAre("connected", "broadcast 0 a", "send 7 b", "ask 8 c", "flush 0 "));
  engine->flush();
  EXPECT_THAT(heard(), IsEmpty()) << "there was nothing to flush";
  EXPECT_FALSE(engine->broadcast("refuse") || engine->send(7, "refuse") || engine->ask(7, "refuse"));
}

TEST_F(Engines, that_nobody_is_there_may_be_said_from_inside_the_question_and_on_any_thread) {
  const auto engine = offered("loop-engine");
  ASSERT_TRUE(engine->open(9, events()));
  EXPECT_TRUE(engine->ask(1, "x") && engine->ask(2, "y") && engine->ask(3, "z"));
  EXPECT_THAT(heard(), ElementsAre("connected", "ask 1 x", "nobody at 1", "ask 2 y", "nobody at 2", "ask 3 z"));
}

TEST_F(Engines, what_a_module_leaves_out_is_done_without) {
  const auto engine = offered("least-engine", R"({"alone":true})");
  EXPECT_FALSE(engine->alone());
  ASSERT_TRUE(engine->open(9, events()));
  EXPECT_TRUE(engine->ask(1, "x"));
  engine->flush();
  EXPECT_THAT(heard(), ElementsAre("connected", "send 1 x"));
}

TEST_F(Engines, a_module_says_before_it_is_opened_whether_it_is_alone) {
  EXPECT_TRUE(offered("loop-engine", R"({"alone":true})")->alone());
  EXPECT_FALSE(offered("loop-engine", R"({"alone":false})")->alone());
}

TEST_F(Engines, nothing_comes_from_a_module_that_is_closed) {
  const auto engine = offered("loop-engine");
  ASSERT_TRUE(engine->open(9, events()));
  heard();
  engine->close();
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_FALSE(engine->broadcast("a") || engine->send(7, "b") || engine->ask(8, "c"));
  engine->flush();
}

TEST_F(Engines, a_module_that_cannot_open_its_link_is_an_error) {
  const auto engine = offered("loop-engine", R"({"refuse":true})");
  const Status opened = engine->open(9, events());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().why, HasSubstr("mesh.engine: module \"loop-engine\" could not open its link"));
}

}  // namespace
}  // namespace dunlin
