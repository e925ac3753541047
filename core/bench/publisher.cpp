// SPDX-License-Identifier: Apache-2.0
#include "core/bench/publisher.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/bench/ws_client.h"

namespace dunlin::bench {
namespace {

std::string base64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(text.data()),
                                                      static_cast<int>(text.size()))));
  return out;
}

// Keep-alive and pipelined: one request a message, or one for `batch` messages (a JSON array).
class HttpPublisher final : public Publisher, private Pollable {
 public:
  HttpPublisher(const Dialogue& dialogue, const Options& options) : dialogue_(dialogue), batch_(options.batch) {
    if (!options.user.empty()) authorization_ = "Authorization: Basic " + base64(options.user) + "\r\n";
  }
  ~HttpPublisher() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Status connect(Poller& poller, const Target& target, unsigned index) {
    const auto fd = connect_to(target, index);
    if (!fd) return fd.error();
    fd_ = *fd;
    poller_ = &poller;
    host_ = target.host;
    poller.add(fd_, *this);
    return ok();
  }

  void publish(const Subject& subject, std::string_view message) override {
    if (!body_.empty()) body_ += ',';
    body_ += dialogue_.publish_body(subject, message);
    if (++in_body_ < batch_) return;
    request(subject);
  }

  void flush() override {
    while (!out_.empty() && writable_) {
      const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        out_.erase(0, static_cast<std::size_t>(sent));
      } else if (errno != EINTR) {
        writable_ = false;
      }
    }
  }

  bool ready() const override { return writable_; }
  bool answered() const override { return asked_ == answers_; }

 private:
  void request(const Subject& subject) {
    if (subject.channel != path_of_) {
      path_of_ = subject.channel;
      const std::string url = dialogue_.publish_url(subject);
      path_ = url.substr(std::min(url.find('/', url.find("://") + 3), url.size()));
    }
    const std::string body = batch_ > 1 ? "[" + body_ + "]" : body_;
    out_ += fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                        path_, host_, authorization_, body.size(), body);
    body_.clear();
    in_body_ = 0;
    ++asked_;
  }

  void on_events(std::uint32_t events) override {
    if (events & EPOLLOUT) {
      writable_ = true;
      flush();
    }
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
    std::string& buffer = poller_->input();
    for (;;) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        in_.append(buffer.data(), static_cast<std::size_t>(got));
        take_answers();
      } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        writable_ = false;
        return spoil(fmt::format("{}: {}", host_, got == 0 ? "the API closed the connection" : std::strerror(errno)));
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

  void take_answers() {
    std::string_view rest = in_;
    while (const std::size_t taken = take_answer(rest)) rest.remove_prefix(taken);
    in_.erase(0, in_.size() - rest.size());
  }

  std::size_t take_answer(std::string_view text) {
    const std::size_t head = text.find("\r\n\r\n");
    if (head == std::string_view::npos) return 0;
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t field = text.substr(0, head).find(kLength);
    std::size_t length = 0;
    if (field != std::string_view::npos)
      std::from_chars(text.data() + field + kLength.size(), text.data() + head, length);
    if (text.size() < head + 4 + length) return 0;
    const std::string_view body = text.substr(head + 4, length);
    if (!text.starts_with("HTTP/1.1 20") || body.find("\"E\":{") != std::string_view::npos)
      spoil(fmt::format("a publish was answered with \"{}\" {}", text.substr(0, text.find('\r')), body.substr(0, 200)));
    ++answers_;
    return head + 4 + length;
  }

  const Dialogue& dialogue_;
  const unsigned batch_;
  Poller* poller_ = nullptr;
  int fd_ = -1;
  bool writable_ = false;
  std::string host_, authorization_, path_, path_of_, body_, in_, out_;
  unsigned in_body_ = 0;
  std::uint64_t asked_ = 0, answers_ = 0;
};

// Over a WebSocket: of the API, which answers each request, or a client's, which may say nothing.
class WsPublisher final : public Publisher, private WsListener {
 public:
  WsPublisher(const Dialogue& dialogue, const Options& options, unsigned index)
      : dialogue_(dialogue), client_(*this, index), joins_(dialogue.publish_via() == "client"),
        binary_(dialogue.row().binary), answered_(!joins_ && dialogue.publish_answered()), batch_(options.batch) {
    if (joins_) steps_ = dialogue.login(dialogue.subject("publisher"));
    if (!joins_ && !options.user.empty()) authorization_ = "Authorization: Basic " + base64(options.user) + "\r\n";
  }
  Status connect(Poller& poller, const Target& target) {
    return client_.connect(poller, target, joins_ ? dialogue_.row().subprotocol : "", authorization_);
  }

  void publish(const Subject& subject, std::string_view message) override {
    if (joins_) return client_.send(dialogue_.publish_frame(subject, message), binary_);
    if (!bodies_.empty()) bodies_ += ',';
    bodies_ += dialogue_.publish_body(subject, message);
    if (++in_bodies_ < batch_) return;
    client_.send(dialogue_.publish_request(bodies_, std::exchange(in_bodies_, 0)), false);
    bodies_.clear();
    if (answered_) ++asked_;
  }
  void flush() override { client_.flush(); }
  bool ready() const override { return client_.is_open() && step_ == steps_.size(); }
  bool answered() const override { return answers_ >= asked_; }

 private:
  void on_open(WsClient&) override { say(); }
  void on_frame(WsClient&, std::string_view payload) override {
    if (step_ < steps_.size()) {
      if (!dialogue_.is_answer(payload)) return;
      ++step_;
      return say();
    }
    if (!answered_) return;
    if (payload.find("\"E\":null") == std::string_view::npos)
      spoil(fmt::format("a publish was answered with {}", payload.substr(0, 200)));
    ++answers_;
  }
  void on_closed(WsClient&, std::string_view why) override { spoil(fmt::format("the publisher: {}", why)); }
  void say() {
    if (step_ >= steps_.size()) return;
    client_.send(steps_[step_], binary_);
    client_.flush();
  }

  const Dialogue& dialogue_;
  WsClient client_;
  const bool joins_, binary_, answered_;
  const unsigned batch_;
  std::string authorization_, bodies_;
  unsigned in_bodies_ = 0;
  std::vector<std::string> steps_;
  std::size_t step_ = 0;
  std::uint64_t asked_ = 0, answers_ = 0;
};

}  // namespace

Result<std::unique_ptr<Publisher>> make_publisher(Poller& poller, const Dialogue& dialogue, const Options& options,
                                                  unsigned index) {
  const auto target = resolve(dialogue.publish_url(dialogue.subject("1")));
  if (!target) return target.error();
  if (dialogue.publish_via() == "http") {
    auto made = std::make_unique<HttpPublisher>(dialogue, options);
    if (Status connecting = made->connect(poller, *target, index); !connecting) return connecting.error();
    return std::unique_ptr<Publisher>(std::move(made));
  }
  auto made = std::make_unique<WsPublisher>(dialogue, options, index);
  if (Status connecting = made->connect(poller, *target); !connecting) return connecting.error();
  return std::unique_ptr<Publisher>(std::move(made));
}

}  // namespace dunlin::bench
