-- @NAME@: who is behind a token. The token "letmein-<digits>" is the user <digits>.
-- nil: not mine, ask the next; false and a reason: no; a uid: yes.
function authenticate(credentials)
  local rest = credentials.token:match("^letmein%-(.*)$")
  if not rest then return nil end
  local uid = math.tointeger(rest)
  if not uid or uid <= 0 then return false, "no number" end
  return uid
end
