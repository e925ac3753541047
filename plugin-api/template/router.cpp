// @NAME@: what a message means. "join CHANNEL" subscribes, "CHANNEL: TEXT" publishes, anything else is sent back.
#include <dunlin.hpp>

namespace {

using namespace dunlin::plugin;

class Module {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,       DUNLIN_EXT_CONFIG, DUNLIN_EXT_CONN,
                                              DUNLIN_EXT_CHANNEL, DUNLIN_EXT_SUBSCRIBE, nullptr};
  static constexpr Info kInfo = {"@NAME@", "0.1", "channels by hand",
                                 R"({"type": "object", "additionalProperties": false})", kRequired};

  explicit Module(const Host& host)
      : host_(host), channels_(host.need<dunlin_channel>(DUNLIN_EXT_CHANNEL)),
        subscribes_(host.need<dunlin_subscribe>(DUNLIN_EXT_SUBSCRIBE)) {}

  Verdict message(Conn conn, const Message& message) {
    constexpr std::string_view kJoin = "join ";
    const std::string_view data = message.data;
    if (data.substr(0, kJoin.size()) == kJoin) {
      const dunlin_str channel = str(data.substr(kJoin.size()));
      if (subscribes_.request(host_.raw(), conn.id(), channel, joined, this) != DUNLIN_OK) conn.send("refused");
      return Verdict::allow();
    }
    const std::size_t colon = data.find(':');
    if (colon == std::string_view::npos)
      conn.send(data, message.kind);
    else
      channels_.publish(host_.raw(), str(data.substr(0, colon)), message.kind, str(data.substr(colon + 1)), nullptr, nullptr);
    return Verdict::allow();
  }

 private:
  static void joined(void* self, dunlin_conn conn, dunlin_status status) {
    Conn(static_cast<Module*>(self)->host_, conn).send(status == DUNLIN_OK ? "joined" : "refused");
  }

  const Host& host_;
  const dunlin_channel& channels_;
  const dunlin_subscribe& subscribes_;
};

}  // namespace

DUNLIN_PLUGIN(Module)
