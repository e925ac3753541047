// SPDX-License-Identifier: Apache-2.0
#include "core/bench/dialogue.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace dunlin::bench {
namespace {

using Frames = std::vector<std::string>;

// MQTT 3.1.1, by hand: three packets are all that is said.
std::string mqtt_text(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)}.append(text);
}

std::string mqtt_packet(unsigned head, const std::string& body) {
  std::string out(1, static_cast<char>(head));
  for (std::size_t rest = body.size(); out.size() == 1 || rest > 0; rest >>= 7)
    out += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80u : 0u));
  return out + body;
}

Frames mqtt_join(const Subject& subject) {
  using namespace std::string_literals;
  return {mqtt_packet(0x10, mqtt_text("MQTT") + "\x04\x02\0\0"s + mqtt_text("")),
          mqtt_packet(0x82, "\0\1"s + mqtt_text(subject.channel) + "\0"s)};
}

std::string mqtt_publish(const Subject& subject, std::string_view message) {
  return mqtt_packet(0x30, mqtt_text(subject.channel).append(message));
}

Frames nats_join(const Subject& subject) {
  return {"CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"bench\",\"version\":\"1\"}\r\nPING\r\n",
          "SUB " + subject.channel + " 1\r\nPING\r\n"};
}

std::string nats_publish(const Subject& subject, std::string_view message) {
  return fmt::format("PUB {} {}\r\n{}\r\n", subject.channel, message.size(), message);
}

Frames center_join(const Subject& subject) {
  return {R"({"op":"auth","token":")" + subject.token + "\"}", R"({"op":"subscribe","channel":"@user"})"};
}

std::string center_publish(const Subject& subject, std::string_view message) {
  return fmt::format(R"({{"op":"publish","channel":"{}","data":"{}"}})", subject.channel, message);
}

Frames room_join(const Subject& subject) {
  return {center_join(subject).front(), R"({"op":"subscribe","channel":")" + subject.channel + "\"}"};
}

Frames say_nothing(const Subject&) { return {}; }
std::string plain(const Subject&, std::string_view message) { return std::string(message); }

constexpr ProtocolRow kRows[] = {
    {"message-center", "Dunlin: log-in by token, subscription to @user; published over the API", "", false, false, "user:",
     "ws://127.0.0.1:6790/message-center", "http://127.0.0.1:6789/v1/mesh/publish", "http", center_join, center_publish,
     R"({"c":"{channel}","d":"{message}"})", R"({"m":"mesh.publish","p":{body},"i":1})", "\"result\":true", ""},
    {"rooms", "Dunlin: the same, subscribed to a room (options: {channels: [\"room:\"]}), to which a client publishes", "", false,
     false, "room:", "ws://127.0.0.1:6790/message-center", "http://127.0.0.1:6789/v1/mesh/publish", "client", room_join,
     center_publish, R"({"c":"{channel}","d":"{message}"})", R"({"m":"mesh.publish","p":{body},"i":1})", "\"result\":true",
     R"({"event":"{channel}","data":"{message}"})"},
    {"plain", "no log-in, nothing to subscribe to; a publishing client's frame is the message", "", false, false, "bench",
     "ws://127.0.0.1:6790/", "", "client", say_nothing, plain, "{message}", "", "", ""},
    {"socket", "raw TCP (tcp://), which only connects: --work storm and idle", "", false, true, "bench", "tcp://127.0.0.1:6791", "",
     "client", say_nothing, plain, "", "", "", ""},
    {"nchan", "nginx with nchan: the URL is the subscription", "", false, false, "bench", "ws://127.0.0.1:8080/sub/{channel}",
     "http://127.0.0.1:8080/pub/{channel}", "http", say_nothing, plain, "{message}", "", "", ""},
    {"nats", "NATS over WebSocket", "", true, true, "bench.", "ws://127.0.0.1:8080/", "", "client", nats_join, nats_publish, "",
     "", "PONG", ""},
    {"mqtt", "MQTT 3.1.1 over WebSocket, QoS 0", "mqtt", true, true, "bench/", "ws://127.0.0.1:8080/mqtt", "", "client",
     mqtt_join, mqtt_publish, "", "", "", ""},
};

std::string fill(std::string text, const Subject& subject, std::string_view message) {
  const std::pair<std::string_view, std::string_view> holders[] = {
      {"{channel}", subject.channel}, {"{uid}", subject.uid}, {"{token}", subject.token}, {"{message}", message}};
  for (const auto& [name, value] : holders)
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  return text;
}

}  // namespace

Dialogue::Dialogue(const Options& options, const ProtocolRow& row)
    : options_(&options), row_(&row), via_(options.publish_via.empty() ? row.publish_via : options.publish_via),
      answer_(options.answer.empty() ? row.answer : options.answer) {}

Result<Dialogue> Dialogue::of(const Options& options) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const ProtocolRow& one) { return one.name == options.protocol; });
  if (row == std::end(kRows)) return fail(Errc::bad_input, fmt::format("--protocol: there is no \"{}\"", options.protocol));
  Dialogue dialogue(options, *row);
  if (dialogue.via_ != "http" && dialogue.via_ != "ws" && dialogue.via_ != "client")
    return fail(Errc::bad_input, fmt::format("--via: \"{}\" must be http, ws or client", dialogue.via_));
  return dialogue;
}

Subject Dialogue::subject(const std::string& uid) const {
  return {uid, row_->channel + uid, options_->token ? options_->token(uid) : uid};
}

Subject Dialogue::subject(const Subject& first, unsigned number) const {
  Subject other = first;
  if (number > 0) other.channel += fmt::format(".{}", number);
  return other;
}

std::string Dialogue::url(const Subject& subject) const {
  return fill(options_->url.empty() ? row_->url : options_->url, subject, {});
}

std::string Dialogue::publish_url(const Subject& subject) const {
  if (via_ == "client" && options_->publish_url.empty()) return url(subject);
  return fill(options_->publish_url.empty() ? row_->publish_url : options_->publish_url, subject, {});
}

std::vector<std::string> Dialogue::login(const Subject& subject) const {
  Frames frames;
  for (const std::string& frame : options_->login_frames) frames.push_back(fill(frame, subject, {}));
  if (frames.empty())
    if (const Frames own = row_->join(subject); !own.empty()) frames.push_back(own.front());
  return frames;
}

std::string Dialogue::subscription(const Subject& subject) const {
  if (!options_->subscribe_frame.empty()) return fill(options_->subscribe_frame, subject, {});
  const Frames own = row_->join(subject);
  return own.size() > 1 ? own.back() : std::string();
}

std::string Dialogue::publish_frame(const Subject& subject, std::string_view message) const {
  return options_->publish_frame.empty() ? row_->publish(subject, message)
                                         : fill(options_->publish_frame, subject, message);
}

std::string Dialogue::publish_body(const Subject& subject, std::string_view message) const {
  return fill(options_->publish_frame.empty() ? row_->body : options_->publish_frame, subject, message);
}

std::size_t Dialogue::wrapping(const Subject& subject) const {
  return via_ == "client" ? fill(row_->wrapped, subject, {}).size() : 0;
}

std::string Dialogue::publish_request(const std::string& bodies, unsigned count) const {
  if (!publish_answered()) return bodies;
  std::string frame = row_->request;
  constexpr std::string_view kBody = "{body}";
  return frame.replace(frame.find(kBody), kBody.size(), count > 1 ? "[" + bodies + "]" : bodies);
}

std::string protocols_help() {
  std::string out;
  for (const ProtocolRow& row : kRows) out += fmt::format("  {:<16}{}\n", row.name, row.doc);
  return out;
}

}  // namespace dunlin::bench
