// SPDX-License-Identifier: Apache-2.0
// dunlin.hpp: the plugin ABI for C++17: header-only sugar over dunlin/dunlin.h. A plugin is a class:
//
//   class Door {
//    public:
//     static constexpr dunlin::plugin::Info kInfo = {"door", "1.0", "letmein-<digits> is the user <digits>", nullptr};
//     struct Settings { explicit Settings(const dunlin::plugin::Setup& setup); };   // once, shared by all workers
//     Door(const dunlin::plugin::Host& host, const Settings& settings);             // on each worker
//     dunlin::plugin::Verdict check(dunlin::plugin::Conn, const dunlin::plugin::Credentials&);
//   };
//   DUNLIN_PLUGIN(Door)
//
// What it serves follows from the members that it has:
//
//   auth             Verdict check(Conn, const Credentials&)         or  void check(Conn, const Credentials&, Ticket)
//   router           Verdict message(Conn, const Message&)           or  void message(Conn, const Message&, Ticket)
//                    and, if wanted, Verdict open(Conn) or void open(Conn, Ticket), void close(Conn, int code,
//                    std::string_view why), void release(Conn), void adopt(Conn)
//   framer           std::int64_t input(Conn, std::string_view unread), in a router; and, if wanted,
//                    dunlin_status encode(Conn, const Message&, const Emit&); the Conn 0 is everybody
//   subscribe guard  Verdict may_subscribe(Conn, std::string_view)   or  void may_subscribe(Conn, std::string_view, Ticket)
//   publish filter   Filtered filter(std::string_view channel, const Message&)
//   HTTP route       static constexpr dunlin_route kRoutes[] = {{"GET", "/reports", DUNLIN_ROLE_READ, 0}}; and
//                    Reply serve(std::size_t route, const RouteCall&)  or  void serve(std::size_t, const RouteCall&, OwedReply)
//   any of them      void cancel(dunlin_ticket, int reason)
//
// check, message, open and may_subscribe have a third form, for a module that mostly decides at once and knows what is open by
// the numbers of its tickets: with a dunlin_ticket in place of a Ticket it returns a dunlin_verdict as the C hook does, or
// DUNLIN_PENDING and answers later: answer(host, ticket, verdict). Nothing answers for it then but the deadline.
//
// An exception that leaves a member is caught, logged, and answered as a fault ("try later"); one that leaves the
// constructor of Settings refuses the settings; one that leaves a callback is logged. Everything is [worker] but Settings,
// Ticket and what says otherwise. Views that a member is handed live until it returns.
#pragma once

#include "dunlin/hpp/cache.hpp"
#include "dunlin/hpp/channel.hpp"
#include "dunlin/hpp/entry.hpp"
#include "dunlin/hpp/http.hpp"
#include "dunlin/hpp/metrics.hpp"
#include "dunlin/hpp/redis.hpp"
#include "dunlin/hpp/time.hpp"
#include "dunlin/hpp/units.hpp"
