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
//                    and, if wanted, Verdict open(Conn), void close(Conn, int code, std::string_view why),
//                    void release(Conn), void adopt(Conn)
//   subscribe guard  Verdict may_subscribe(Conn, std::string_view)   or  void may_subscribe(Conn, std::string_view, Ticket)
//   any of them      void cancel(dunlin_ticket, int reason)
//
// An exception that leaves a member is caught, logged, and answered as a fault ("try later"); one that leaves the
// constructor of Settings refuses the settings. Everything is [worker] but Settings and Ticket. Views that a member is
// handed live until it returns.
#pragma once

#include "dunlin/hpp/entry.hpp"
#include "dunlin/hpp/services.hpp"
