-- @NAME@: what a message means. "join CHANNEL" subscribes, "CHANNEL: TEXT" publishes, anything else is sent back.
function on_message(msg)
  local conn = mix.websocket()
  local channel = msg.data:match("^join (.+)$")
  if channel then
    local err = conn:subscribe(channel)
    conn:send(err and "refused" or "joined")
    return
  end
  local to, text = msg.data:match("^([^:]+):(.*)$")
  if to then
    mix.mesh.publish(to, text)
  else
    conn:send(msg.data)
  end
end
