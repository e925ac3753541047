// SPDX-License-Identifier: Apache-2.0
#include "core/bench/local_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include <fmt/format.h>

#include "core/base/clock.h"

namespace dunlin::bench {
namespace {

constexpr std::int64_t kPatienceMs = 20'000;  // with what starts
constexpr useconds_t kPauseUs = 20'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Below those that the system gives to whoever asks for any, so that none has it before the server that is told it listens.
std::uint16_t free_port() {
  std::random_device random;
  for (;;) {
    const auto port = static_cast<std::uint16_t>(10'000 + random() % 22'000);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool taken = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
    if (fd >= 0) ::close(fd);
    if (!taken) return port;
  }
}

// What a server on this machine says to a request; empty: nothing.
std::string ask(std::uint16_t port, std::string_view request) {
  std::string answer;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{2, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = loopback(port);
  char buffer[16384];
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()))
    for (ssize_t got = 1; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return answer;
}

std::string get(std::uint16_t port, std::string_view path) {
  return ask(port, fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path));
}

// What it writes goes to a file: it is of interest when it does not start.
Result<pid_t> spawn(std::vector<std::string> arguments, const std::string& log) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Errc::unavailable, fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  if (pid > 0) return pid;
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool ended(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) == pid; }

// It has been told to end.
void see_end(pid_t pid) {
  for (const std::int64_t end = steady_ms() + kPatienceMs; !ended(pid); ::usleep(kPauseUs)) {
    if (steady_ms() < end) continue;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return;
  }
}

Status wait_for(pid_t& pid, const char* what, const std::string& log, const std::function<bool()>& there) {
  for (const std::int64_t end = steady_ms() + kPatienceMs; !there(); ::usleep(kPauseUs)) {
    const bool gone = ended(pid);
    if (!gone && steady_ms() < end) continue;
    if (gone) pid = 0;
    return fail(Errc::unavailable, fmt::format("{} does not start:\n{}", what, text_of(log)));
  }
  return ok();
}

// Log-in and subscription as the dialogue `message-center` has them; the token is the uid.
constexpr const char* kRouter = R"LUA(
function on_message(msg)
  local conn = mix.websocket()
  local uid = msg.data:match('"token":"([^"]+)"')
  if uid then conn:subscribe("user:" .. uid) end
  conn:send('{"result":true}')
end
)LUA";

constexpr const char* kConfig = R"(
node: {{name: bench-{number}, workers: 1}}
plugins: {{directory: "{plugins}"}}
listeners:
  - bind: 127.0.0.1:{client}
    endpoints: [{{path: /message-center, auth: [], router: lua}}]
modules: {{lua: {{entry: router.lua}}}}
api: {{bind: "127.0.0.1:{api}"}}
directory: {{bind: "127.0.0.1:{directory}"}}
mesh: {{engine: nats, nats: {{url: "nats://127.0.0.1:{nats}"}}}}
shutdown: 1s
)";

}  // namespace

Status LocalCluster::start(unsigned nodes, const std::string& plugins) {
  std::string folder = (std::filesystem::temp_directory_path() / "dunlin-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return fail(Errc::unavailable, "there is no folder for temporary files");
  folder_ = folder;
  std::ofstream(folder_ + "/router.lua") << kRouter;
  if (Status started = start_nats(); !started) return started;
  for (unsigned i = 0; i < nodes; ++i)
    if (Status started = start_node(i, plugins); !started) return started;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (Status seen = wait_for(nodes_[i].pid, "a node", folder_ + "/node.log", [&] { return complete(i); }); !seen) return seen;
  return ok();
}

Status LocalCluster::start_nats() {
  nats_port_ = free_port();
  const std::string log = folder_ + "/nats.log";
  const auto started = spawn({"nats-server", "-a", "127.0.0.1", "-p", std::to_string(nats_port_)}, log);
  if (!started) return started.error();
  nats_ = *started;
  return wait_for(nats_, "nats-server (a package of that name)", log, [this] { return !ask(nats_port_, "PING\r\n").empty(); });
}

Status LocalCluster::start_node(unsigned index, const std::string& plugins) {
  Node node{.client = free_port(), .api = free_port(), .pid = 0};
  const std::string file = fmt::format("{}/node-{}.yaml", folder_, index);
  std::ofstream(file) << fmt::format(fmt::runtime(kConfig), fmt::arg("number", index + 1), fmt::arg("plugins", plugins),
                                     fmt::arg("client", node.client), fmt::arg("api", node.api),
                                     fmt::arg("directory", free_port()), fmt::arg("nats", nats_port_));
  const auto started = spawn({std::filesystem::read_symlink("/proc/self/exe").string(), "serve", "--config", file}, folder_ + "/node.log");
  if (!started) return started.error();
  node.pid = *started;
  nodes_.push_back(node);
  return ok();
}

bool LocalCluster::complete(std::size_t node) const {
  const std::string answer = get(nodes_[node].api, "/v1/nodes");
  std::size_t seen = 0;
  for (std::size_t at = answer.find("\"name\":"); at != std::string::npos; at = answer.find("\"name\":", at + 1)) ++seen;
  return seen == nodes_.size();
}

std::string LocalCluster::client_url(std::size_t node) const { return fmt::format("ws://127.0.0.1:{}/message-center", nodes_[node].client); }

std::string LocalCluster::publish_url(std::size_t node) const { return fmt::format("http://127.0.0.1:{}/v1/mesh/publish", nodes_[node].api); }

double LocalCluster::metric(std::size_t node, std::string_view name) const {
  const std::string text = get(nodes_[node].api, "/metrics");
  double sum = 0;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const char after = text[at + name.size()];
    if (text[at - 1] != '\n' || (after != ' ' && after != '{')) continue;
    const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    double value = 0;
    std::from_chars(text.data() + text.rfind(' ', end) + 1, text.data() + end, value);
    sum += value;
  }
  return sum;
}

LocalCluster::~LocalCluster() {
  for (const Node& node : nodes_)
    if (node.pid > 0) ::kill(node.pid, SIGTERM);
  for (const Node& node : nodes_)
    if (node.pid > 0) see_end(node.pid);
  if (nats_ > 0) {
    ::kill(nats_, SIGTERM);
    see_end(nats_);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace dunlin::bench
