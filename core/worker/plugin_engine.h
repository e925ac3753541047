// SPDX-License-Identifier: Apache-2.0
// PluginEngine: a mesh engine that a module offers (dunlin/draft/engine.h), as the cluster uses every engine.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "core/mesh/engine.h"
#include "core/plugin/module.h"
#include "dunlin/draft/engine.h"

namespace dunlin {

class PluginEngine final : public MeshEngine {
 public:
  // The error names the module and what it lacks.
  static Result<std::unique_ptr<PluginEngine>> create(const Config& config, Log& log);
  ~PluginEngine() override { close(); }

  bool alone() const override;
  Status open(std::uint64_t boot, Events events) override;
  bool broadcast(std::string_view frame) override;
  bool send(std::uint64_t boot, std::string_view frame) override;
  bool ask(std::uint64_t boot, std::string_view frame) override;
  void flush() override;
  std::size_t largest() const override { return largest_.load(std::memory_order_relaxed); }
  std::string name() const override { return selection_->name(); }
  void close() override;

 private:
  PluginEngine(std::shared_ptr<Selection> selection, const dunlin_draft_engine& table);

  // One of the functions that hand over a frame, by its name in a report of a crash.
  template <class Function, class... Node>
  bool hand_over(const char* what, Function function, std::string_view frame, Node... node);

  // Whatever threads the module calls from, events come one at a time, and none after close().
  template <class Task>
  static void event(void* self, Task task);

  const std::shared_ptr<Selection> selection_;
  const dunlin_draft_engine& table_;
  dunlin_draft_engine_events callbacks_;
  Events events_;
  std::mutex events_lock_;
  bool opened_ = false, connected_ = false, closing_ = false;
  dunlin_draft_link* link_ = nullptr;
  bool handed_over_ = false;  // since the last flush(): nothing before the link is there. [cluster's thread]
  std::atomic<std::size_t> largest_{0};
};

}  // namespace dunlin
