// SPDX-License-Identifier: Apache-2.0
// dunlin.redis/1
#include <algorithm>

#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

constexpr std::size_t kMaxArguments = 1024 * 1024;

// `items` of every list are appended to `store`, each list's in a vector of its own that stays where it is.
dunlin_redis_value lend(const RedisValue& value, std::vector<std::vector<dunlin_redis_value>>& store) {
  dunlin_redis_value out{dunlin::lend(value.text), value.integer, nullptr, value.items.size(),
                         static_cast<std::uint32_t>(value.kind), 0};
  if (value.items.empty()) return out;
  std::vector<dunlin_redis_value> items;
  items.reserve(value.items.size());
  for (const RedisValue& item : value.items) items.push_back(lend(item, store));
  store.push_back(std::move(items));  // its elements stay where they are when `store` grows
  out.items = store.back().data();
  return out;
}

void hand(const RedisReply& reply, dunlin_redis_fn fn, void* user) {
  std::vector<std::vector<dunlin_redis_value>> store;
  const dunlin_redis_value value = lend(reply.value, store);
  fn(user, static_cast<dunlin_status>(reply.outcome), &value);
}

bool valid(const dunlin_str* argv, std::size_t argc) {
  if (!argv || argc == 0 || argc > kMaxArguments || argv[0].size == 0) return false;
  return std::all_of(argv, argv + argc, [](const dunlin_str& argument) { return sound(argument); });
}

}  // namespace

dunlin_status InstanceCommands::start(Instance& instance, std::string_view server, std::vector<std::string> argv,
                                      Millis timeout, dunlin_redis_fn fn, void* user, std::uint64_t& id) {
  auto done = instance.guarded_patiently(Hook::redis, [fn, user](const RedisReply& reply) { hand(reply, fn, user); });
  const std::uint64_t own = next_++;
  const auto answered = [this, own, done](const RedisReply& reply) {
    if (running_.erase(own) > 0) done(reply);  // cancelled before the instance goes, hence `this` is there
  };
  std::uint64_t service_id = 0;
  const dunlin_status status =
      instance.services().redis_command(server, std::move(argv), timeout, answered, service_id);
  if (status != DUNLIN_OK) return status;
  running_[own] = service_id;
  id = own;
  return DUNLIN_OK;
}

bool InstanceCommands::cancel(Services& services, std::uint64_t id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return false;
  services.redis_cancel(found->second);
  running_.erase(found);
  return true;
}

void InstanceCommands::cancel_all(Services& services) {
  for (const auto& [id, service_id] : running_) services.redis_cancel(service_id);
  running_.clear();
}

namespace {

dunlin_status find(const dunlin_host* host, dunlin_str name) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!sound_text(name)) return DUNLIN_E_INVALID;
    return instance.services().redis_known(view(name)) ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
  });
}

dunlin_status command(const dunlin_host* host, dunlin_str name, const dunlin_str* argv, std::size_t argc,
                      std::uint64_t timeout_ms, dunlin_redis_fn fn, void* user, std::uint64_t* id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!sound_text(name) || !valid(argv, argc) || !fn || !id) return DUNLIN_E_INVALID;
    std::vector<std::string> copied;
    copied.reserve(argc);
    for (std::size_t i = 0; i < argc; ++i) copied.emplace_back(view(argv[i]));
    return instance.commands().start(instance, view(name), std::move(copied), millis(timeout_ms), fn, user, *id);
  });
}

dunlin_status cancel(const dunlin_host* host, std::uint64_t id) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return instance.commands().cancel(instance.services(), id) ? DUNLIN_OK : DUNLIN_E_GONE;
  });
}

}  // namespace

const dunlin_redis kRedisTable = {find, command, cancel};

}  // namespace dunlin
