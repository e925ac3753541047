-- SPDX-License-Identifier: Apache-2.0
-- Who is behind a token? The smallest auth module there is: a script that defines authenticate(credentials).
--
--   return nil              not mine: ask the next module of the endpoint's `auth` list
--   return false, "why"     refused; the reason goes to the server's log, never to the client
--   return uid              it is this user: an integer or a text
--   return uid, {context = {…}, channels = {…}, expires_at = seconds}

-- A real script would keep these somewhere else.
local staff = {
  ["ann-opens-the-door"] = {uid = 1, role = "admin"},
  ["bob-opens-the-door"] = {uid = "bob", role = "editor"},
}

local visit = 3600 -- seconds until a guest has to log in again

function authenticate(credentials)
  local token = credentials.token

  local person = staff[token]
  if person then
    return person.uid, {context = {role = person.role}, channels = {"staff"}}
  end

  local number = token:match("^guest%-(%d+)$")
  if number then
    local uid = math.tointeger(tonumber(number)) -- nil where 64 bits do not hold it
    if not uid or uid == 0 then
      return false, "no such guest"
    end
    return uid, {context = {role = "guest"}, expires_at = os.time() + visit}
  end

  return nil
end
