// SPDX-License-Identifier: Apache-2.0
// Values shared by all workers, each fetched once: dunlin.cache/1.
#pragma once

#include <optional>

#include "dunlin/hpp/once.hpp"

namespace dunlin::plugin {

// A value that this instance is to fetch. Movable; one that is destroyed before it has landed tells those who wait
// DUNLIN_E_UNAVAILABLE. [any-thread], one at a time; it must not outlive the instance.
class Flight {
 public:
  Flight(const dunlin_host* host, const dunlin_cache& cache, std::uint64_t id) : host_(host), cache_(&cache), id_(id) {}
  Flight(Flight&& other) noexcept : host_(other.host_), cache_(other.cache_), id_(std::exchange(other.id_, 0)) {}
  Flight& operator=(Flight&& other) noexcept {
    if (this != &other) {
      drop();
      host_ = other.host_;
      cache_ = other.cache_;
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }
  ~Flight() { drop(); }

  // `ttl_ms` 0: handed to those who wait, and not kept. DUNLIN_E_GONE: its time has passed.
  dunlin_status land(std::string_view value, std::uint64_t ttl_ms) {
    return cache_->land(host_, std::exchange(id_, 0), DUNLIN_OK, str(value), ttl_ms);
  }
  dunlin_status fail(dunlin_status status) { return cache_->land(host_, std::exchange(id_, 0), status, {}, 0); }

 private:
  void drop() noexcept {
    if (id_ != 0) fail(DUNLIN_E_UNAVAILABLE);
  }
  const dunlin_host* host_;
  const dunlin_cache* cache_;
  std::uint64_t id_;
};

class Cache {
 public:
  // Throws StatusError.
  explicit Cache(const Host& host) : host_(host), cache_(host.need<dunlin_cache>()) {}

  // [worker] The view lives until the hook returns; nothing: it is not there, or past its time.
  std::optional<std::string_view> get(std::string_view key) const {
    dunlin_str out{};
    if (cache_.get(host_.raw(), str(key), &out) != DUNLIN_OK) return std::nullopt;
    return view(out);
  }
  // [any-thread]
  dunlin_status put(std::string_view key, std::string_view value, std::uint64_t ttl_ms) const {
    return cache_.put(host_.raw(), str(key), str(value), ttl_ms);
  }
  dunlin_status remove(std::string_view key) const { return cache_.remove(host_.raw(), str(key)); }

  // [worker] Tells `done` the value, on a later turn; or no value and why. Where it is not there and nobody is fetching it
  // `begin` is called at once: fetch it, and land the flight.
  dunlin_status fetch(std::string_view key, std::uint64_t timeout_ms, const std::function<void(Flight)>& begin,
                      std::function<void(dunlin_status, std::string_view)> done) const {
    std::uint64_t flight = 0;
    auto came = [done = std::move(done)](dunlin_status status, dunlin_str value) {
      if (done) done(status, view(value));
    };
    const dunlin_status status = detail::once<dunlin_status, dunlin_str>(
        host_, "an exception after a fetch for the cache", std::move(came), [&](dunlin_cache_fn fn, void* user) {
          return cache_.fetch(host_.raw(), str(key), timeout_ms, fn, user, &flight);
        });
    if (status == DUNLIN_OK && flight != 0) begin(Flight(host_.raw(), cache_, flight));
    return status;
  }

 private:
  const Host host_;
  const dunlin_cache& cache_;
};

}  // namespace dunlin::plugin
