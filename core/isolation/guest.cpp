// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/crash.h"
#include "core/isolation/guest_services.h"
#include "core/isolation/lifeline.h"
#include "core/isolation/link.h"
#include "core/isolation/messages.h"
#include "core/isolation/process.h"
#include "core/plugin/questions.h"

namespace dunlin {
namespace {

constexpr Millis kForever{100ll * 366 * 86'400'000};  // the server has the deadlines, and cancels
constexpr Millis kGrace{2'000};
constexpr Millis kFigures{100};  // at most as old are figures that no answer carried along

class Guest final : public AnswerTaker {
 public:
  Guest(Log& log, unsigned worker, std::shared_ptr<Selection> selection)
      : wheel_(loop_), mailbox_(loop_), http_(loop_), services_(loop_, wheel_, mailbox_, http_),
        stage_(std::make_shared<Stage>(services_, log, worker, *this)), questions_(*stage_),
        selection_(std::move(selection)) {
    figures_timer_.on_fire([this] {
      put_figures();
      link_->flush();
    });
  }

  Status create() {
    auto created = Instance::create(stage_, selection_, figures_);
    if (!created) return created.error();
    instance_ = std::move(*created);
    return ok();
  }
  bool reads_connections() const { return instance_->host().reads_connections() || requires_connections(); }

  void run(int fd, WireBuffer rest, std::string first) {
    link_ = Link::open(loop_.uv(), fd, std::move(rest), [this](std::string_view frame) { return heard(frame); },
                       [this](bool) { loop_.stop(); });
    link_->out() += first;
    loop_.at_turn_end([this] { end_turn(); });
    link_->hear_rest();
    link_->flush();
    loop_.run();
    loop_.at_turn_end(nullptr);
  }

  // Also of one whose create has failed.
  void tear_down() {
    figures_timer_.stop();
    questions_.stop();
    stage_->taker = nullptr;
    if (instance_) instance_->destroy();
    if (link_) link_->close();
    http_.close();
    wheel_.close();
    mailbox_.close();
    loop_.run();  // until what was closed has closed
  }

 private:
  bool requires_connections() const {
    if (const char* const* id = selection_->module().required)
      for (; *id; ++id)
        if (tells_of_connections(*id)) return true;
    return false;
  }

  bool heard(std::string_view frame) {
    WireReader in(frame);
    switch (in.kind()) {
      case FrameKind::check: return check(in);
      case FrameKind::cancel: {
        const auto ticket = in.number<dunlin_ticket>();
        questions_.cancel(ClientId(ticket), in.number<std::int32_t>());
        return in.ok();
      }
      case FrameKind::ping: { WireWriter(link_->out(), FrameKind::pong); } return true;
      default: return false;
    }
  }

  bool check(WireReader& in) {
    const auto theirs = in.number<dunlin_ticket>();
    const ClientId conn(in.number<std::uint64_t>());
    const auto source = in.number<std::uint32_t>();
    const std::string token(in.text());  // NUL-terminated
    const bool visits = in.flag();
    Visit visit;
    if (visits && !get(in, visit)) return false;
    if (!in.ok()) return false;
    if (visits) services_.begin(conn, std::move(visit));
    const dunlin_credentials credentials{{token.c_str(), token.size()}, source, 0};
    const dunlin_auth& auth = *instance_->auth();
    const auto told = [this, theirs, conn, visits](const std::optional<Answer>& answer) {
      if (visits) services_.end(conn);
      if (answer) put_answer(theirs, *answer);  // nothing: it was cancelled
    };
    // Questions are found again by the number that the server gave them.
    const auto answer = questions_.ask(
        {instance_, Hook::check, ClientId(theirs), kForever, auth.cancel},
        [&](dunlin_ticket ticket) { return auth.check(instance_->raw(), conn.value(), &credentials, ticket); }, told);
    if (answer) told(answer);
    return true;
  }

  void put_answer(dunlin_ticket theirs, const Answer& answer) {
    WireWriter frame(link_->out(), FrameKind::answer);
    frame.number(theirs);
    put(frame, answer);
  }

  void take(dunlin_ticket ticket, Answer answer) override { questions_.take(ticket, answer); }

  // With answers go the figures that they have changed, so that whoever has an answer can read them.
  void end_turn() {
    if (link_->waiting() > 0) {
      put_figures();
      link_->flush();
    } else if (instance_->metrics().changes() != figured_ && !figures_timer_.active()) {
      wheel_.start(figures_timer_, kFigures);
    }
  }

  void put_figures() {
    const InstanceMetrics& metrics = instance_->metrics();
    if (figured_ == metrics.changes()) return;
    figured_ = metrics.changes();
    const auto& figures = metrics.figures();
    for (; sent_.size() < figures.size(); sent_.push_back(0)) put(link_->out(), figures[sent_.size()]);
    WireWriter frame(link_->out(), FrameKind::figures);
    for (std::size_t i = 0; i < figures.size(); ++i) {
      const std::int64_t before = std::exchange(sent_[i], figures[i].value);
      if (before == figures[i].value) continue;
      const bool gauge = figures[i].kind == DUNLIN_METRIC_GAUGE;
      frame.number(static_cast<std::uint32_t>(i + 1)).number(gauge ? figures[i].value : figures[i].value - before);
    }
  }

  Loop loop_;
  TimerWheel wheel_;
  Mailbox mailbox_;
  HttpClient http_;
  GuestServices services_;
  std::shared_ptr<Stage> stage_;
  Questions questions_;
  std::shared_ptr<Selection> selection_;
  ModuleFigures figures_{selection_->name()};
  std::shared_ptr<Instance> instance_;
  std::shared_ptr<Link> link_;
  Timer figures_timer_;
  std::vector<std::int64_t> sent_;  // the figures, as the server knows them
  std::uint64_t figured_ = 0;
};

// The next frame, before there is a loop; nothing: the server has gone.
std::optional<std::string> next_frame(WireBuffer& buffer) {
  for (;;) {
    if (const auto frame = buffer.next()) return std::string(*frame);
    pollfd readable{kGuestLink, POLLIN, 0};
    ::poll(&readable, 1, -1);
    char part[16 * 1024];
    const ssize_t got = ::recv(kGuestLink, part, sizeof part, MSG_DONTWAIT);
    if (got > 0) buffer.add({part, static_cast<std::size_t>(got)});
    else if (got == 0 || (errno != EAGAIN && errno != EINTR)) return std::nullopt;
  }
}

void say(const std::string& frames) {
  for (std::size_t sent = 0; sent < frames.size();) {
    const ssize_t wrote = ::send(kGuestLink, frames.data() + sent, frames.size() - sent, MSG_NOSIGNAL);
    if (wrote > 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      pollfd writable{kGuestLink, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;  // the server has gone: reading tells
    }
  }
}

Result<std::shared_ptr<Selection>> load(Log& log, const Start& start) {
  const ModuleEnvironment environment{.log = log, .plugin_directory = start.plugin_directory, .config_file = start.config_file,
                                      .config_directory = start.config_directory, .libraries = nullptr,
                                      .isolator = nullptr, .isolated = true, .library = kGuestLibrary};
  auto selection = Selection::configure(environment, start.use);
  Configured configured;
  if (!selection) {
    configured.why = selection.error().why;
  } else {
    const dunlin_module& module = (*selection)->module();
    configured.version = module.version ? module.version : "";
    configured.summary = module.summary ? module.summary : "";
    configured.is_auth = (*selection)->auth() != nullptr;
  }
  std::string frames;
  put(frames, configured);
  say(frames);
  return selection;
}

int serve(Log& log, unsigned worker, std::shared_ptr<Selection> selection, WireBuffer rest) {
  const auto frame = next_frame(rest);
  if (!frame) return 0;  // it was only to be tried
  if (WireReader(*frame).kind() != FrameKind::create) return 1;
  Guest guest(log, worker, std::move(selection));
  const Status created = guest.create();
  std::string answer;
  {
    WireWriter said(answer, FrameKind::created);
    said.text(created ? std::string_view{} : created.error().why);
    said.number<std::uint8_t>(created && guest.reads_connections());
  }
  if (created) guest.run(kGuestLink, std::move(rest), answer);
  else say(answer);
  guest.tear_down();
  return created ? 0 : 1;
}

// The server ends us, by the socket; what is sent to everybody around it is not for us.
void prepare_process() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  ::close_range(kGuestLog + 1, ~0u, 0);
  for (const int fd : {kGuestLink, kGuestLibrary, kGuestLog}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace

int run_guest() {
  struct stat link {};
  if (::fstat(kGuestLink, &link) != 0 || !S_ISSOCK(link.st_mode)) {
    std::fprintf(stderr, "%s: the server starts this by itself (docs/isolation.md)\n", kGuestCommand);
    return 2;
  }
  prepare_process();
  WireBuffer buffer;
  const auto frame = next_frame(buffer);
  if (!frame) return 0;
  WireReader in(*frame);
  Start start;
  if (in.kind() != FrameKind::start || !get(in, start)) return 1;
  Log log(kGuestLog);
  log.configure(start.log_level, start.log_format);
  install_crash_handlers(start.log_format, kGuestLog);
  const CrashStack stack(start.worker);
  const Lifeline lifeline(kGuestLink, kGrace);
  auto selection = load(log, start);
  return selection ? serve(log, start.worker, std::move(*selection), std::move(buffer)) : 1;
}

}  // namespace dunlin
