-- SPDX-License-Identifier: Apache-2.0
-- The message centre: a client logs in with a token, subscribes to its own messages, and any backend pushes to it by
-- publishing to the channel "user:<uid>". Copy this file and change it: it is the business logic, all of it.
--
--   {"op":"auth","token":"…"}                    {"result":true}
--   {"op":"subscribe","channel":"@user"}         {"result":true}
--   {"op":"unsubscribe","channel":"@user"}       {"result":true}
--   {"op":"ping"}                                {"result":true}
--   a push                                       as it was published
--   refused or failed                            {"code":1,"msg":"Not Auth"}
--
-- A request may carry "id", a string or a number; its answer carries the same.
--
-- Where the endpoint has the option `channels`, a list of prefixes such as ["room:"], clients may also subscribe to,
-- and publish to, channels whose names begin with one of them:
--
--   {"op":"publish","channel":"room:1","data":…} {"result":true}; its subscribers get {"event":"room:1","data":…}

-- Every refusal a client can see. The codes are stable: clients compare them.
local refusals = {
  not_auth = {code = 1, msg = "Not Auth"},                     -- log in first
  token_refused = {code = 2, msg = "Token Refused"},           -- the token is no good
  try_later = {code = 3, msg = "Try Later"},                   -- nobody could tell whether it is
  unknown_op = {code = 4, msg = "Unknown Op"},
  bad_request = {code = 5, msg = "Bad Request"},               -- a field is missing or of a wrong type
  channel_refused = {code = 6, msg = "Channel Refused"},       -- "@user", or what the option `channels` allows
  too_many_channels = {code = 7, msg = "Too Many Channels"},   -- the endpoint's limit
}

local function own_channel(uid)
  return "user:" .. uid
end

-- Whether the option `channels` opens this channel to clients. Nobody names a user's channel but by "@user".
local function is_open(channel)
  local prefixes = mix.server.option("channels")
  if type(prefixes) ~= "table" or channel:sub(1, 5) == "user:" then
    return false
  end
  for _, prefix in ipairs(prefixes) do
    if channel:sub(1, #prefix) == prefix then
      return true
    end
  end
  return false
end

-- The name behind what the client calls a channel, or nil and the refusal.
local function resolve(conn, request)
  local uid = conn:uid()
  if uid == nil then
    return nil, refusals.not_auth
  end
  if type(request.channel) ~= "string" then
    return nil, refusals.bad_request
  end
  if request.channel == "@user" then
    return own_channel(uid)
  end
  if is_open(request.channel) then
    return request.channel
  end
  return nil, refusals.channel_refused
end

local function answer(conn, id, refusal)
  local reply = {result = true}
  if refusal then
    reply = {code = refusal.code, msg = refusal.msg}
  end
  reply.id = id
  conn:send(mix.json_encode(reply))
end

-- One function an op. It returns the refusal, nothing when it is done, or `later` when it answers by itself.
local ops = {}
local later = {}

function ops.auth(conn, request)
  if type(request.token) ~= "string" then
    return refusals.bad_request
  end
  local before = conn:uid()
  local function decided(ok, _, kind)
    if not ok then
      return answer(conn, request.id, kind == "denied" and refusals.token_refused or refusals.try_later)
    end
    local uid = conn:uid()
    conn:set_context_value("uid", uid)
    if before ~= nil and tostring(before) ~= tostring(uid) then
      conn:unsubscribe(own_channel(before)) -- the messages of the one who was logged in before
    end
    answer(conn, request.id)
  end
  -- Asks the endpoint's auth modules. Without the function it would wait and return their decision, at some more cost.
  local begun, err, kind = conn:authenticate(request.token, decided)
  if not begun then
    decided(false, err, kind)
  end
  return later
end

function ops.subscribe(conn, request)
  local channel, refusal = resolve(conn, request)
  if not channel then
    return refusal
  end
  local err, kind = conn:subscribe(channel)
  if err then
    return kind == "full" and refusals.too_many_channels or refusals.bad_request
  end
end

function ops.unsubscribe(conn, request)
  local channel, refusal = resolve(conn, request)
  if not channel then
    return refusal
  end
  conn:unsubscribe(channel) -- one that was not subscribed is as good as gone
end

function ops.publish(conn, request)
  local channel, refusal = resolve(conn, request)
  if not channel then
    return refusal
  end
  if request.channel == "@user" then
    return refusals.channel_refused -- only backends speak to a user
  end
  if request.data == nil then
    return refusals.bad_request
  end
  local _, _, err = mix.mesh.publish(channel, mix.json_encode({event = channel, data = request.data}))
  if err then
    return refusals.try_later
  end
end

function ops.ping()
end

local function is_id(id)
  return type(id) == "string" or mix.is_number(id)
end

function on_message(msg)
  local conn = mix.websocket()
  if msg.type ~= "text" then
    conn:close(1003, "text frames only")
    return
  end
  local request = mix.json_decode(msg.data)
  if not mix.is_object(request) then
    conn:close(1007, "a JSON object is wanted")
    return
  end
  if request.id == mix.null then
    request.id = nil
  elseif request.id ~= nil and not is_id(request.id) then
    return answer(conn, nil, refusals.bad_request)
  end
  if type(request.op) ~= "string" then
    return answer(conn, request.id, refusals.bad_request)
  end
  local op = ops[request.op]
  if not op then
    return answer(conn, request.id, refusals.unknown_op)
  end
  local refusal = op(conn, request)
  if refusal ~= later then
    answer(conn, request.id, refusal)
  end
end
