// SPDX-License-Identifier: Apache-2.0
#include "core/worker/reloader.h"

#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "core/base/crash.h"
#include "core/config/loader.h"
#include "core/plugin/abi_text.h"
#include "core/worker/worker.h"

namespace dunlin {
namespace {

constexpr Millis kDiscardPatience{2'000};          // that a reload waits for a discard
constexpr std::size_t kMostLiving = 8;  // generations: what hangs must not pile up

std::string modules_of(const Generation& generation) {
  std::vector<std::string> names;
  for (const auto& selection : generation.modules.selections) {
    const char* version = selection->module().version;
    names.push_back(version ? fmt::format("{} {}", selection->name(), one_line(version)) : selection->name());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// An upper bound: what is selected twice with the same settings is one. A canary stands beside each.
std::size_t selections_in(const Config& config) {
  std::size_t count = config.filters.size() + config.api_routes.size();
  for (const Listener& listener : config.listeners)
    for (const Endpoint& endpoint : listener.endpoints) count += 2 * endpoint.auth.size() + endpoint.guards.size() + 1;
  return count;
}

// The files of all modules that it selects.
std::vector<std::string> module_files(const Config& config) {
  std::vector<std::string> files;
  const auto add = [&](const std::vector<ModuleUse>& uses) {
    for (const ModuleUse& use : uses) {
      files.push_back(fmt::format("{}/{}.so", config.plugin_directory, use.module));
      if (use.canary) files.push_back(fmt::format("{}/{}.so", config.plugin_directory, use.canary->use.module));
    }
  };
  for (const Listener& listener : config.listeners)
    for (const Endpoint& endpoint : listener.endpoints) {
      add(endpoint.auth);
      add(endpoint.guards);
      if (!endpoint.router.module.empty()) add({endpoint.router});
    }
  add(config.filters);
  add(config.api_routes);
  return files;
}

}  // namespace

Result<std::unique_ptr<Reloader>> Reloader::create(const Config& config, Log& log) {
  std::unique_ptr<Reloader> reloader(new Reloader(log, config.workers));
  const auto building = std::make_shared<Building>(Building{1, config, 0, std::nullopt});
  reloader->build(building, [] {});
  if (!reloader->setup_.wait(kSetupPatience)) leave_hanging(log, reloader->hanging());
  Result<ModuleSet>& modules = *building->modules;
  if (!modules) return modules.error();
  reloader->entries_[1].generation =
      std::make_unique<Generation>(Generation{.number = 1, .config = config, .modules = std::move(*modules)});
  return reloader;
}

Reloader::~Reloader() {
  for (auto& [number, entry] : entries_) retired_.push_back(std::move(entry.generation));
  entries_.clear();
  if (retired_.empty()) return;
  setup_.run([gone = std::exchange(retired_, {})]() mutable { gone.clear(); });
  setup_.finish([this] { return hanging(); });
}

void Reloader::start(TimerWheel& wheel, Mailbox& mailbox, std::vector<Worker*> workers) {
  wheel_ = &wheel;
  mailbox_ = &mailbox;
  workers_ = std::move(workers);
  late_.on_fire([this] { on_late(); });
}

void Reloader::stop() {
  workers_.clear();
  late_.stop();
  setup_.finish([this] { return hanging(); });
}

std::vector<std::string> Reloader::watched_files() const {
  const Generation& generation = in_force();
  if (!generation.config.watch) return {};
  std::vector<std::string> files{generation.config.file};
  for (const auto& selection : generation.modules.selections)
    files.push_back(fmt::format("{}/{}.so", generation.config.plugin_directory, selection->name()));
  files.insert(files.end(), refused_files_.begin(), refused_files_.end());
  return files;
}

void Reloader::reload(Done done) {
  waiting_.push_back(std::move(done));
  if (!busy_ && !workers_.empty()) begin();
}

void Reloader::begin() {
  busy_ = true;
  told_ = std::exchange(waiting_, {});
  held_ = discarding_;
  if (!held_) return go_on();
  wheel_->start(late_, kDiscardPatience);
}

void Reloader::go_on() {
  auto building = read();
  if (!building) return end({false, building.error().why});
  building_ = (*building)->number;
  wheel_->start(late_, kSetupPatience);
  build(*building, [this, shared = *building] { mailbox_->post([this, shared] { on_built(*shared); }); });
}

// As `dunlin check` does it, so that both refuse the same with the same words.
Result<std::shared_ptr<Reloader::Building>> Reloader::read() {
  if (setup_.busy() || discarding_)
    return fail(Errc::overloaded, hanging() + ", which an earlier reload has begun");
  if (living() >= kMostLiving)
    return fail(Errc::overloaded, fmt::format("{} earlier configurations are still being retired; try again later "
                                              "(plugins.handover says how long that may take)", living() - 1));
  auto config = load_config(in_force().config.file);
  if (!config) return config.error();
  refused_files_ = module_files(*config);  // unless it comes into force
  if (const auto fixed = restart_needed(in_force().config, *config); !fixed.empty())
    return fail(Errc::denied, fmt::format("{}", fmt::join(fixed, "\n")));
  const std::size_t first_slot = free_slots(*config);
  return std::make_shared<Building>(Building{++last_, std::move(*config), first_slot, std::nullopt});
}

void Reloader::build(const std::shared_ptr<Building>& building, std::function<void()> built) {
  setup_.run([this, building, built = std::move(built)] {
    building->modules = ModuleSet::build(building->config, log_, &libraries_, &isolator_, building->first_slot);
    built();
  });
}

void Reloader::on_built(Building& building) {
  setup_.finish([this] { return hanging(); });  // telling us was the last that it did
  if (building.number != building_ || workers_.empty()) {  // given up
    if (*building.modules) retire(std::make_shared<ModuleSet>(std::move(**building.modules)));
    return;
  }
  building_ = 0;
  late_.stop();
  if (!*building.modules) {
    end({false, building.modules->error().why});
    return discard_next();
  }
  const std::uint64_t number = trying_ = building.number;
  Entry& entry = entries_[number];
  entry.generation = std::make_unique<Generation>(
      Generation{.number = number, .config = std::move(building.config), .modules = std::move(**building.modules)});
  entry.owed = workers_.size();
  figures_.generations = living();
  wheel_->start(late_, kSetupPatience);
  for (Worker* worker : workers_)
    worker->prepare(*entry.generation, [this, number, worker](Status status) {
      mailbox_->post([this, number, worker, status = std::move(status)] { on_prepared(number, worker, status); });
    });
  discard_next();
}

// The first run of slots that is long enough and that no living generation uses.
std::size_t Reloader::free_slots(const Config& config) const {
  const std::size_t wanted = selections_in(config);
  const auto hit = [&](std::size_t first) -> const ModuleSet* {
    for (const auto& [number, entry] : entries_) {
      const ModuleSet& set = entry.generation->modules;
      if (first < set.slot_of(set.selections.size()) && set.first_slot < first + wanted) return &set;
    }
    return nullptr;
  };
  std::size_t first = 0;
  while (const ModuleSet* used = hit(first)) first = used->slot_of(used->selections.size());
  return first;
}

void Reloader::on_prepared(std::uint64_t number, Worker* worker, const Status& status) {
  Entry& entry = entries_.at(number);
  if (status) entry.prepared.push_back(worker);
  else if (entry.failure.empty()) entry.failure = status.error().why;
  if (--entry.owed > 0 || workers_.empty()) return;
  if (number != trying_) return abandon(number);  // given up
  trying_ = 0;
  late_.stop();
  if (entry.failure.empty()) return put_in_force(number);
  const std::string failure = entry.failure;
  abandon(number);
  end({false, failure});
}

std::string Reloader::hanging() const {
  return libraries_.latest() + " does not return";
}

void Reloader::on_late() {
  if (std::exchange(held_, false)) return go_on();  // and is refused
  if (std::exchange(building_, 0) != 0) return end({false, hanging()});
  const std::uint64_t number = std::exchange(trying_, 0);
  end({false, fmt::format("`create` of the modules has not returned on {} of {} workers within {} s", entries_.at(number).owed,
                          workers_.size(), kSetupPatience.count() / 1000)});
}

void Reloader::put_in_force(std::uint64_t number) {
  const Generation& next = *entries_.at(number).generation;
  const std::uint64_t old = std::exchange(in_force_, number);
  refused_files_.clear();
  entries_.at(old).owed = workers_.size();
  for (Worker* worker : workers_)
    worker->put_in_force(next, next.config.handover,
                         [this, old] { mailbox_->post([this, old] { on_released(old); }); });
  log_.configure(next.config.log_level, next.config.log_format);
  crash_in(next.config.log_format);
  figures_.generation = number;
  end({true, fmt::format("in force: {} (modules: {})", next.config.file, modules_of(next))});
}

void Reloader::abandon(std::uint64_t number) {
  Entry& entry = entries_.at(number);
  entry.owed = entry.prepared.size();
  if (entry.owed == 0) {
    entry.owed = 1;
    return on_released(number);
  }
  for (Worker* worker : entry.prepared)
    worker->abandon(*entry.generation,
                    [this, number] { mailbox_->post([this, number] { on_released(number); }); });
}

void Reloader::on_released(std::uint64_t number) {
  if (--entries_.at(number).owed > 0) return;
  log_.debug("configuration retired", {{"generation", number}});
  std::shared_ptr<void> gone = std::move(entries_.at(number).generation);
  entries_.erase(number);
  retire(std::move(gone));
}

void Reloader::retire(std::shared_ptr<void> modules) {
  retired_.push_back(std::move(modules));
  discard_next();
}

// What nobody uses any more, one after the other, where a `discard` that takes its time holds up nobody but reloads.
void Reloader::discard_next() {
  figures_.generations = living();
  if (retired_.empty() || discarding_ || setup_.busy() || workers_.empty()) return;
  discarding_ = true;
  setup_.run([this, gone = std::move(retired_.front())]() mutable {
    gone.reset();
    mailbox_->post([this] { on_discarded(); });
  });
  retired_.pop_front();
}

void Reloader::on_discarded() {
  setup_.finish([this] { return hanging(); });  // telling us was the last that it did
  discarding_ = false;
  if (workers_.empty()) return;  // stopped
  if (std::exchange(held_, false)) {
    late_.stop();
    go_on();
  }
  discard_next();
}

void Reloader::end(const Report& report) {
  busy_ = false;
  ++(report.in_force ? figures_.applied : figures_.refused);
  if (report.in_force) {
    log_.info("reloaded", {{"generation", in_force_}, {"config", in_force().config.file},
                           {"modules", modules_of(in_force())}});
  } else {
    std::istringstream lines(report.text);
    for (std::string line; std::getline(lines, line);)
      log_.error("reload refused", {{"why", line}, {"in_force", in_force_}});
  }
  for (const Done& done : std::exchange(told_, {}))
    if (done) done(report);
  if (!waiting_.empty() && !busy_ && !workers_.empty()) begin();
}

}  // namespace dunlin
