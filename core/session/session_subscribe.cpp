// SPDX-License-Identifier: Apache-2.0
// How a session subscribes: at once, or after the guards of its endpoint have agreed.
#include <string>
#include <utility>

#include "core/session/session.h"
#include "core/session/session_table.h"

namespace dunlin {

bool Session::has_room_for(std::string_view channel) const {
  return subscriber_.count() + asking_ < endpoint().limits.channels || subscriber_.subscribed(channel);
}

dunlin_status Session::subscribe(std::string_view channel) {
  if (!transport_) return DUNLIN_E_GONE;
  if (!has_room_for(channel)) return DUNLIN_E_FULL;
  subscriber_.subscribe(channel);
  if (table_.settling_.busy()) table_.hold(id_);
  return DUNLIN_OK;
}

dunlin_status Session::unsubscribe(std::string_view channel) {
  if (!transport_) return DUNLIN_E_GONE;
  return subscriber_.unsubscribe(channel) ? DUNLIN_OK : DUNLIN_E_NOT_FOUND;
}

dunlin_status Session::subscribe_asking(std::string_view channel, SubscribeDone done) {
  if (!transport_) return DUNLIN_E_GONE;
  if (!has_room_for(channel)) return DUNLIN_E_FULL;
  if (!guarded() || subscriber_.subscribed(channel)) {
    table_.defer_([done = std::move(done), status = subscribe(channel)] { done(status); });
    return DUNLIN_OK;
  }
  ++asking_;
  // No guard is called from inside the call that asked for it.
  table_.defer_([&table = table_, id = id_, name = std::string(channel), done = std::move(done)] {
    Session* session = table.find(id);
    if (!session || !session->transport_) return done(DUNLIN_E_GONE);
    table.modules_->guard(session->served_->modules, id, name, [&table, id, name, done](dunlin_status status) {
      // It is told on another turn: this may come while the session ends.
      table.defer_([&table, id, name, done, status] { done(table.guards_answered(id, name, status)); });
    });
  });
  return DUNLIN_OK;
}

dunlin_status Session::guards_answered(std::string_view channel, dunlin_status status) {
  --asking_;
  return status == DUNLIN_OK ? subscribe(channel) : status;
}

}  // namespace dunlin
