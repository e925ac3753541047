// SPDX-License-Identifier: Apache-2.0
#include "core/worker/plugin_engine.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/crash.h"

namespace dunlin {
namespace {

// What an engine may leave out is not among these.
const char* lacking(const dunlin_draft_engine* table) {
  if (!table) return "is no mesh engine: it does not serve " DUNLIN_DRAFT_ENGINE;
  const bool whole = table->open && table->broadcast && table->send && table->close;
  return whole ? nullptr : "serves a " DUNLIN_DRAFT_ENGINE " that lacks open, broadcast, send or close";
}

}  // namespace

Result<std::unique_ptr<PluginEngine>> PluginEngine::create(const Config& config, Log& log) {
  const ModuleEnvironment environment{.log = log, .plugin_directory = config.plugin_directory, .config_file = config.file,
                                      .config_directory = config.directory};
  auto selection = Selection::configure(environment, config.mesh_module);
  if (!selection) return selection.error();
  const auto* table = static_cast<const dunlin_draft_engine*>((*selection)->module().get_interface(DUNLIN_DRAFT_ENGINE));
  if (const char* lacks = lacking(table))
    return fail(Errc::bad_input, selection_fault(config.file, config.mesh_module.place,
                                                 fmt::format("module \"{}\" {}", config.mesh_module.module, lacks)));
  return std::unique_ptr<PluginEngine>(new PluginEngine(std::move(*selection), *table));
}

PluginEngine::PluginEngine(std::shared_ptr<Selection> selection, const dunlin_draft_engine& table)
    : selection_(std::move(selection)), table_(table),
      callbacks_{this,
                 [](void* self, std::uint64_t largest) noexcept {
                   event(self, [largest](PluginEngine& engine) {
                     engine.largest_ = static_cast<std::size_t>(largest);
                     engine.connected_ = true;
                     if (engine.opened_) engine.events_.connected();
                   });
                 },
                 [](void* self) noexcept {
                   event(self, [](PluginEngine& engine) {
                     engine.connected_ = false;
                     if (engine.opened_) engine.events_.disconnected();
                   });
                 },
                 [](void* self, dunlin_str frame) noexcept {
                   if (!frame.data) return;
                   event(self, [frame](PluginEngine& engine) {
                     if (engine.opened_) engine.events_.received({frame.data, frame.size});
                   });
                 },
                 [](void* self, std::uint64_t node) noexcept {
                   event(self, [node](PluginEngine& engine) {
                     if (engine.opened_) engine.events_.nobody(node);
                   });
                 }} {}

template <class Task>
void PluginEngine::event(void* self, Task task) {
  if (!self) return;
  auto& engine = *static_cast<PluginEngine*>(self);
  const std::lock_guard lock(engine.events_lock_);
  if (!engine.closing_) task(engine);
}

bool PluginEngine::alone() const {
  if (!table_.alone) return false;
  const CrashScope scope(crash_note(), selection_->name().c_str(), "engine alone");
  return table_.alone(selection_->settings()) != 0;
}

Status PluginEngine::open(std::uint64_t boot, Events events) {
  events_ = std::move(events);
  const CrashScope scope(crash_note(), name().c_str(), "engine open");
  const dunlin_status status = table_.open(selection_->host(), selection_->settings(), boot, &callbacks_, &link_);
  if (status == DUNLIN_OK && link_) {
    // Nobody uses the link before it is known here: what connected inside open() has, for the cluster, done so now.
    const std::lock_guard lock(events_lock_);
    opened_ = true;
    if (connected_) events_.connected();
    return ok();
  }
  link_ = nullptr;
  return fail(Errc::unavailable, fmt::format("mesh.engine: module \"{}\" could not open its link ({}); see the log", name(), status));
}

template <class Function, class... Node>
bool PluginEngine::hand_over(const char* what, Function function, std::string_view frame, Node... node) {
  if (!link_) return false;
  const CrashScope scope(crash_note(), selection_->name().c_str(), what);
  handed_over_ = true;
  return function(link_, node..., dunlin_str{frame.data(), frame.size()}) == DUNLIN_OK;
}

bool PluginEngine::broadcast(std::string_view frame) { return hand_over("engine broadcast", table_.broadcast, frame); }

bool PluginEngine::send(std::uint64_t boot, std::string_view frame) { return hand_over("engine send", table_.send, frame, boot); }

bool PluginEngine::ask(std::uint64_t boot, std::string_view frame) {
  return table_.ask ? hand_over("engine ask", table_.ask, frame, boot) : send(boot, frame);
}

// Turns end also while open() is under way, on another thread: there is no link then, and nothing to be flushed.
void PluginEngine::flush() {
  if (!std::exchange(handed_over_, false) || !link_ || !table_.flush) return;
  const CrashScope scope(crash_note(), selection_->name().c_str(), "engine flush");
  table_.flush(link_);
}

void PluginEngine::close() {
  if (!link_) return;
  const CrashScope scope(crash_note(), selection_->name().c_str(), "engine close");
  {
    const std::lock_guard lock(events_lock_);
    closing_ = true;
  }
  table_.close(std::exchange(link_, nullptr));
}

}  // namespace dunlin
