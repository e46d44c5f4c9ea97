-- Applies the changes of several callers, each caller's all or none.
-- ARGV: 7 how many callers; then for each how many changes, and for each change its kind, table,
-- group, key, expiry and content. Without a token of ours the commit is an operator's, from beside
-- the running process: it does not count.

local beside = TOKEN == ''
if beside then
  local id = redis.call('HGET', KEYS[1], 'id')
  if not id then return {'empty'} end
  if id ~= ID then return {'other'} end
else
  local found = standing()
  if found[1] ~= 'ok' then return found end
  if found[2] ~= KNOWN then return {'count', found[2]} end
end

-- A key of another kind, as nobody but a stranger makes it, would end the script half done.
local function sound(kind, group)
  local function is(key, wanted)
    local type = redis.call('TYPE', key).ok
    return type == wanted or type == 'none'
  end
  return is(rows_of(kind, group), 'hash') and is(expiries_of(kind, group), 'zset')
    and is(order_of(kind, group), 'zset') and is(groups_of(kind), 'zset')
end

local function put(kind, group, key, expires, content)
  redis.call('HSET', rows_of(kind, group), key, expires .. ':' .. content)
  if ORDERED[kind] then redis.call('ZADD', order_of(kind, group), 0, key) end
  if expires == '' then
    redis.call('ZREM', expiries_of(kind, group), key)
  else
    redis.call('ZADD', expiries_of(kind, group), expires, key)
  end
end

local function expire(kind, group, expires)
  local rows = redis.call('HGETALL', rows_of(kind, group))
  for n = 1, #rows, 2 do
    if alive(rows[n + 1]) then
      local content = string.sub(rows[n + 1], string.find(rows[n + 1], ':', 1, true) + 1)
      put(kind, group, rows[n], expires, content)
    end
  end
end

local function apply(change, kind, group, key, expires, content)
  if change == 'put' then
    put(kind, group, key, expires, content)
  elseif change == 'add' then
    local old = redis.call('HGET', rows_of(kind, group), key)
    if not (old and alive(old)) then put(kind, group, key, expires, content) end
  elseif change == 'delete' then
    remove(kind, group, key)
  else
    expire(kind, group, expires)
  end
end

local touched, checked, outcomes, at = {}, {}, {'ok'}, 8
for caller = 1, tonumber(ARGV[7]) do
  local last = at + 6 * tonumber(ARGV[at])
  local broken = false
  for n = at + 1, last, 6 do
    local name = ARGV[n + 1] .. '\n' .. ARGV[n + 2]
    if checked[name] == nil then checked[name] = sound(ARGV[n + 1], ARGV[n + 2]) end
    broken = broken or not checked[name]
  end
  if not broken then
    for n = at + 1, last, 6 do
      apply(ARGV[n], ARGV[n + 1], ARGV[n + 2], ARGV[n + 3], ARGV[n + 4], ARGV[n + 5])
      touched[ARGV[n + 1] .. '\n' .. ARGV[n + 2]] = {ARGV[n + 1], ARGV[n + 2]}
    end
  end
  outcomes[#outcomes + 1] = broken and 'broken' or 'ok'
  at = last + 1
end
for _, group in pairs(touched) do settle(group[1], group[2]) end
if not beside then
  redis.call('HINCRBY', KEYS[1], 'count', ARGV[7])
  keep_lease()
end
return outcomes
