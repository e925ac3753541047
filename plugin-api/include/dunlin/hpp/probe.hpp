// SPDX-License-Identifier: Apache-2.0
// Which members a class has, and so what it serves.
#pragma once

#include <type_traits>

#include "dunlin/hpp/conn.hpp"
#include "dunlin/hpp/route.hpp"

namespace dunlin::plugin {

// What a filter makes of a publish.
class Filtered {
 public:
  static Filtered pass() { return {DUNLIN_PASS, {}, 0}; }
  static Filtered drop() { return {DUNLIN_DENY, {}, 0}; }
  // Text must be UTF-8.
  static Filtered change(std::string data, std::uint32_t kind = DUNLIN_TEXT) { return {DUNLIN_ALLOW, std::move(data), kind}; }

  dunlin_verdict verdict;
  std::string data;    // in place of the message, where `kind` is not 0
  std::uint32_t kind;
};

// Where encode() puts the bytes that a message goes out as; several pieces are joined.
class Emit {
 public:
  Emit(dunlin_emit_fn fn, void* to) : fn_(fn), to_(to) {}
  void operator()(std::string_view data) const { fn_(to_, str(data)); }

 private:
  dunlin_emit_fn fn_;
  void* to_;
};

namespace detail {

template <class, template <class> class Probe, class = void>
struct Has : std::false_type {};
template <class T, template <class> class Probe>
struct Has<T, Probe, std::void_t<Probe<T>>> : std::true_type {};

template <class T, template <class> class... Probe>
struct Any : std::disjunction<Has<T, Probe>...> {};

template <class T>
T& some();  // as std::declval, but an lvalue
using Text = const std::string_view;

template <class T> using CheckNow = decltype(Verdict(some<T>().check(some<Conn>(), some<const Credentials>())));
template <class T> using CheckLater = decltype(some<T>().check(some<Conn>(), some<const Credentials>(), std::declval<Ticket>()));
template <class T> using CheckByNumber = decltype(dunlin_verdict(some<T>().check(some<Conn>(), some<const Credentials>(), dunlin_ticket())));
template <class T> using MessageNow = decltype(Verdict(some<T>().message(some<Conn>(), some<const Message>())));
template <class T> using MessageLater = decltype(some<T>().message(some<Conn>(), some<const Message>(), std::declval<Ticket>()));
template <class T> using MessageByNumber = decltype(dunlin_verdict(some<T>().message(some<Conn>(), some<const Message>(), dunlin_ticket())));
template <class T> using GuardNow = decltype(Verdict(some<T>().may_subscribe(some<Conn>(), some<Text>())));
template <class T> using GuardLater = decltype(some<T>().may_subscribe(some<Conn>(), some<Text>(), std::declval<Ticket>()));
template <class T> using GuardByNumber = decltype(dunlin_verdict(some<T>().may_subscribe(some<Conn>(), some<Text>(), dunlin_ticket())));
template <class T> using Opens = decltype(Verdict(some<T>().open(some<Conn>())));
template <class T> using OpensLater = decltype(some<T>().open(some<Conn>(), std::declval<Ticket>()));
template <class T> using OpensByNumber = decltype(dunlin_verdict(some<T>().open(some<Conn>(), dunlin_ticket())));
template <class T> using Closes = decltype(some<T>().close(some<Conn>(), 0, some<Text>()));
template <class T> using Cancels = decltype(some<T>().cancel(dunlin_ticket(), 0));
template <class T> using Releases = decltype(some<T>().release(some<Conn>()));
template <class T> using Adopts = decltype(some<T>().adopt(some<Conn>()));
template <class T> using Filters = decltype(Filtered(some<T>().filter(some<Text>(), some<const Message>())));
template <class T> using ServesNow = decltype(Reply(some<T>().serve(std::size_t(), some<const RouteCall>())));
template <class T> using ServesLater = decltype(some<T>().serve(std::size_t(), some<const RouteCall>(), std::declval<OwedReply>()));
template <class T> using Frames = decltype(std::int64_t(some<T>().input(some<Conn>(), some<Text>())));
template <class T> using Encodes = decltype(dunlin_status(some<T>().encode(some<Conn>(), some<const Message>(), some<const Emit>())));

template <class T> constexpr bool kAuth = Any<T, CheckNow, CheckLater, CheckByNumber>::value;
template <class T> constexpr bool kRouter = Any<T, MessageNow, MessageLater, MessageByNumber>::value;
template <class T> constexpr bool kGuard = Any<T, GuardNow, GuardLater, GuardByNumber>::value;
template <class T> constexpr bool kFilter = Has<T, Filters>::value;
template <class T> constexpr bool kRoute = Has<T, ServesNow>::value || Has<T, ServesLater>::value;
template <class T> constexpr bool kFramer = Has<T, Frames>::value;

// One of which no member is called would be a slip of the pen.
template <class T> constexpr bool kServes = kAuth<T> || kRouter<T> || kGuard<T> || kFilter<T> || kRoute<T>;

}  // namespace detail
}  // namespace dunlin::plugin
