-- The least that logs in: the first message is the token.
function on_message(msg)
  local conn = mix.websocket()
  conn:send(conn:authenticate(msg.data) and "welcome" or "refused")
end
