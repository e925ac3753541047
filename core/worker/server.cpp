// SPDX-License-Identifier: Apache-2.0
#include "core/worker/server.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/base/control.h"
#include "core/base/crash.h"
#include "core/isolation/isolator.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/signals.h"
#include "core/loop/timer_wheel.h"
#include "core/net/control_server.h"
#include "core/net/socket.h"
#include "core/net/tls.h"
#include "core/net/ws_server.h"
#include "core/worker/cluster_seat.h"
#include "core/worker/engines.h"
#include "core/worker/file_watch.h"
#include "core/worker/hook_watch.h"
#include "core/worker/reloader.h"
#include "core/worker/worker.h"

namespace dunlin {
namespace {

constexpr int kBacklog = 4096;

// As many open files as are asked for and no more: libwebsockets has tables of all that there may be, in each worker.
void limit_files(std::uint32_t files, Log& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(files, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  log.debug("open files", {{"limit", static_cast<std::uint64_t>(limit.rlim_cur)}});
}

std::uint64_t random_boot() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

std::string host_name() {
  char name[256] = "node";
  gethostname(name, sizeof(name) - 1);
  return name;
}

// One port, listened on by several workers through sockets of their own (SO_REUSEPORT). It is had at once, and listened on when
// there is somebody to answer: until then a client is refused, so that a balancer takes another node.
class SharedPort {
 public:
  static Result<SharedPort> take(Bind bind, unsigned count) {
    if (Status free = probe_free(bind); !free) return free.error();
    SharedPort port;
    for (unsigned i = 0; i < count; ++i) {
      auto fd = bind_tcp(bind);
      if (!fd) return fd.error();
      port.fds_.push_back(*fd);
      bind.port = bound_port(*fd);  // port 0: the first decides
    }
    port.bind_ = bind;
    return port;
  }
  SharedPort(SharedPort&&) = default;
  SharedPort& operator=(SharedPort&&) = default;
  ~SharedPort() {
    for (const int fd : fds_)
      if (fd >= 0) ::close(fd);
  }
  // Somebody may have come to listen on it meanwhile, whom SO_REUSEPORT would let.
  Status listen() const {
    if (Status free = probe_free(bind_); !free) return free;
    for (const int fd : fds_)
      if (Status listening = listen_tcp(fd, bind_, kBacklog); !listening) return listening;
    return ok();
  }
  int socket_of(unsigned index) { return std::exchange(fds_[index], -1); }
  std::string address() const {
    return bind_.host.find(':') == std::string::npos ? fmt::format("{}:{}", bind_.host, bind_.port)
                                                     : fmt::format("[{}]:{}", bind_.host, bind_.port);
  }

 private:
  SharedPort() = default;
  std::vector<int> fds_;
  Bind bind_;
};

class Server {
 public:
  Server(const Config& config, Log& log, Reloader& reloader)
      : config_(config), log_(log), reloader_(reloader), limits_(config), wheel_(loop_), mailbox_(loop_),
        signals_(loop_, {SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); }),
        control_(loop_, log, [this](const std::string& command, ControlServer::Answer answer) {
          on_command(command, std::move(answer));
        }),
        watch_(wheel_, [this] { reload(nullptr); }), hook_watch_(wheel_, log, reloader.figures().held_workers),
        stop_timer_([this] { stop(); }),
        node_{.config = config, .first = reloader.in_force(), .reloads = reloader.figures(), .log = log,
              .limits = limits_, .info = {}, .interest = WorkerInterest(config.workers), .neighbours = {}, .queues = {},
              .topics = TopicCount(config.queue_topics), .workers = {}} {}

  Status start() {
    if (Status taken = take_ports(); !taken) return taken;
    if (Status joined = join_cluster(); !joined) return joined;
    if (Status listening = listen(); !listening) return listening;
    for (unsigned i = 0; i < config_.workers; ++i) {
      auto worker = Worker::create(node_, i, sockets_of(i));
      if (!worker) return worker.error();
      workers_.push_back(std::move(*worker));
      node_.workers.push_back(workers_.back().get());
    }
    for (const auto& worker : workers_) {
      node_.neighbours.push_back(worker->neighbour());
      node_.queues.push_back(worker->queue_neighbour());
    }
    if (Status ready = start_threads(); !ready) return ready;
    if (Status serving = seat_.serve([this] { return connections(); }); !serving) return serving;
    for (const auto& worker : workers_) worker->serve();
    reloader_.start(wheel_, mailbox_, node_.workers);
    watch_.watch(reloader_.watched_files());
    std::vector<const CrashNote*> notes;
    for (const auto& worker : workers_) notes.push_back(worker->note());
    hook_watch_.start(std::move(notes));
    if (Status open = control_.open(config_.file); !open)
      log_.warn("no control socket: `dunlin reload` does not reach this server, SIGHUP does", {{"why", open.error().why}});
    announce();
    if (told_to_reload_) mailbox_.post([this] { reload(nullptr); });
    return ok();
  }

  // A signal has ended start().
  bool told_to_stop() const { return told_to_stop_; }

  void run() {
    loop_.run();
    join();
  }

  // Ends what start() began. REQUIRES: the loop has not run, or has ended.
  void shut_down() {
    reloader_.stop();
    watch_.stop();
    hook_watch_.stop();
    control_.close();
    for (const auto& worker : workers_) {
      if (started_) worker->stop();
      else worker->abandon();
    }
    join();
    seat_.leave(cut_);
    wheel_.close();
    signals_.close();
    workers_.clear();
    mailbox_.close();
    loop_.run();
  }

 private:
  Status take_ports() {
    for (const Listener& listener : config_.listeners)
      if (Status taken = take(listener.bind, config_.workers, clients_); !taken) return taken;
    if (Status taken = take(config_.api, config_.workers, apis_); !taken) return taken;
    if (Status taken = take(config_.node_directory, 1, directories_); !taken) return taken;
    node_.info = {.id = fmt::format("{:016x}", boot_), .name = config_.node_name.empty() ? host_name() : config_.node_name,
                  .api_server = apis_[0].address(), .version = DUNLIN_VERSION, .started_at_ms = unix_ms(),
                  .connections = 0, .workers = config_.workers};
    return ok();
  }

  Status join_cluster() {
    joining_ = true;
    const Status joined = seat_.take([this] { mailbox_.post([this] { on_signal(SIGTERM); }); }, [this] {
      loop_.poll();  // for the signals
      return told_to_stop_;
    });
    joining_ = false;
    return joined;
  }

  static Status take(const Bind& bind, unsigned count, std::vector<SharedPort>& into) {
    auto port = SharedPort::take(bind, count);
    if (!port) return port.error();
    into.push_back(std::move(*port));
    return ok();
  }

  Status listen() const {
    for (const auto* ports : {&clients_, &apis_, &directories_})
      for (const SharedPort& port : *ports)
        if (Status listening = port.listen(); !listening) return listening;
    return ok();
  }

  Worker::Sockets sockets_of(unsigned index) {
    Worker::Sockets sockets;
    for (SharedPort& port : clients_) sockets.clients.push_back(port.socket_of(index));
    sockets.api = apis_[0].socket_of(index);
    if (index == 0) sockets.directory = directories_[0].socket_of(0);
    return sockets;
  }

  // Each worker makes its module instances on its own thread; the first that cannot stops the start.
  Status start_threads() {
    started_ = true;
    std::vector<std::future<Status>> ready;
    for (const auto& worker : workers_) {
      auto told = std::make_shared<std::promise<Status>>();
      ready.push_back(told->get_future());
      threads_.emplace_back([&worker = *worker, told] {
        worker.run([told](Status status) { told->set_value(std::move(status)); });
      });
    }
    Status all = ok();
    const auto until = std::chrono::steady_clock::now() + kSetupPatience;
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].wait_until(until) != std::future_status::ready) leave_hanging(log_, held_by(*workers_[i]));
      if (Status status = ready[i].get(); !status) all = status;
    }
    return all;
  }

  // What keeps this worker from going on.
  static std::string held_by(const Worker& worker) {
    const CrashNote* note = worker.note();
    const char* module = note ? note->module.load() : nullptr;
    const char* hook = note ? note->hook.load() : nullptr;
    return module && hook ? fmt::format("worker {}: `{}` of module \"{}\" does not return", note->worker, hook, module)
                          : "a worker does not end";
  }

  void announce() {
    for (const SharedPort& port : clients_) log_.info("listening", {{"what", "client"}, {"address", port.address()}});
    log_.info("listening", {{"what", "api"}, {"address", apis_[0].address()}});
    log_.info("listening", {{"what", "directory"}, {"address", directories_[0].address()}});
    log_.info("ready", {{"version", DUNLIN_VERSION}, {"workers", config_.workers}, {"node", node_.info.id},
                        {"config", config_.file}});
  }

  void on_signal(int signal) {
    if (joining_) {
      (signal == SIGHUP ? told_to_reload_ : told_to_stop_) = true;
      return;
    }
    if (signal == SIGHUP) return reload(nullptr);
    if (node_.draining.exchange(true)) {
      log_.warn("stopping at once");
      return stop();
    }
    log_.info("draining", {{"connections", connections()}, {"at_most_ms", shutdown().count()}});
    wheel_.start(stop_timer_, shutdown());
    for (const auto& worker : workers_)
      worker->drain([this] {
        mailbox_.post([this] {
          if (++drained_ == workers_.size()) stop();
        });
      });
  }

  Millis shutdown() const { return reloader_.in_force().config.shutdown; }

  void reload(const Reloader::Done& done) {
    if (!node_.draining.load()) {
      watch_.take_note();
      reloader_.reload([this, done](const Reloader::Report& report) {
        watch_.watch(reloader_.watched_files());
        if (done) done(report);
      });
      return watch_.watch(reloader_.watched_files());  // and now as well: what is missing may come before it is refused
    }
    log_.warn("reload refused", {{"why", "the server is stopping"}});
    if (done) done({false, "the server is stopping"});
  }

  void on_command(const std::string& command, const ControlServer::Answer& answer) {
    if (command != kControlReload) return answer(std::string(kControlRefused) + "there is no such command");
    reload([answer](const Reloader::Report& report) {
      answer(std::string(report.in_force ? kControlOk : kControlRefused) + report.text);
    });
  }

  std::uint64_t connections() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->connections();
    return sum;
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    cut_ = connections();
    log_.info("stopped", {{"connections_cut", cut_}});
    hook_watch_.stop();
    for (const auto& worker : workers_) worker->stop();
    loop_.stop();
  }

  // A worker that is held by a hook is left behind: nothing else is left to be done.
  void join() {
    constexpr Millis kPatience{10'000}, kMoment{5};
    const std::int64_t until = steady_ms() + kPatience.count();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      while (!workers_[i]->ended() && steady_ms() < until) std::this_thread::sleep_for(kMoment);
      if (!workers_[i]->ended()) leave_hanging(log_, held_by(*workers_[i]));
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const Config& config_;
  Log& log_;
  Reloader& reloader_;
  ConnectionLimits limits_;
  Loop loop_;
  TimerWheel wheel_;
  Mailbox mailbox_;
  Signals signals_;
  ControlServer control_;
  FileWatch watch_;
  HookWatch hook_watch_;
  Timer stop_timer_;
  const std::uint64_t boot_ = random_boot();
  Node node_;
  ClusterSeat seat_{boot_, node_};
  std::vector<SharedPort> clients_, apis_, directories_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::size_t drained_ = 0;
  std::uint64_t cut_ = 0;  // connections that were not drained
  bool joining_ = false, told_to_reload_ = false, told_to_stop_ = false;  // the last two by signals while it joins
  bool started_ = false;  // every worker has a thread
  bool stopped_ = false;
};

}  // namespace

Status check_modules(const Config& config, Log& log) {
  ProcessIsolator isolator(0);
  const auto modules = ModuleSet::build(config, log, nullptr, &isolator);
  if (!modules) return modules.error();
  const auto engine = make_engine(config, log);
  return engine ? ok() : Status(engine.error());
}

Status serve(const Config& config, Log& log) {
  signal(SIGPIPE, SIG_IGN);
  install_crash_handlers(log.format(), STDERR_FILENO);
  const CrashStack stack;
  limit_files(config.files, log);
  silence_websocket_library();
  leave_tls_library_to_exit();
  const auto reloader = Reloader::create(config, log);
  if (!reloader) return reloader.error();
  Server server(config, log, **reloader);
  const Status started = server.start();
  if (started) server.run();
  server.shut_down();
  if (server.told_to_stop()) log.info("stopped before the start had ended");
  return server.told_to_stop() ? ok() : started;
}

}  // namespace dunlin
