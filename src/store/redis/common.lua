-- What the other scripts share; they are sent with this in front.
-- KEYS: 1 the facts of the store (a hash), 2 the lease.
-- ARGV: 1 what every key begins with, 2 our token, 3 the store's id, 4 how many commits we know of,
-- 5 how long a lease lasts in milliseconds, 6 the time; from 7 on as each script says.

local PREFIX, TOKEN, ID, KNOWN, LEASE, NOW = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

-- A group is a hash of its rows: key -> expiry in milliseconds or nothing, a colon, the content.
local function rows_of(kind, group) return PREFIX .. 'r:' .. kind .. ':' .. group end
-- A sorted set of those of its keys that expire, by when.
local function expiries_of(kind, group) return PREFIX .. 'x:' .. kind .. ':' .. group end
-- A sorted set of a table's groups, by the first expiry in each, or infinity.
local function groups_of(kind) return PREFIX .. 'g:' .. kind end

-- Tables that are read from a key on; of each group of theirs a sorted set of all keys.
local ORDERED = {event = true, said = true}
local function order_of(kind, group) return PREFIX .. 'k:' .. kind .. ':' .. group end

-- Whether the store is ours and as we know it. Nothing else may be written before this is asked.
local function standing()
  local facts = redis.call('HMGET', KEYS[1], 'id', 'owner', 'count')
  if not facts[1] then return {'empty'} end
  local holder = redis.call('GET', KEYS[2])
  if holder and holder ~= TOKEN then return {'lost'} end
  if facts[1] ~= ID then return {'other'} end
  if facts[2] ~= TOKEN then return {'lost'} end
  return {'ok', facts[3]}
end

local function keep_lease() redis.call('SET', KEYS[2], TOKEN, 'PX', LEASE) end

local function alive(stored)
  local expires = string.match(stored, '^(%d*):')
  return expires == '' or tonumber(expires) > NOW
end

local function remove(kind, group, key)
  redis.call('HDEL', rows_of(kind, group), key)
  redis.call('ZREM', expiries_of(kind, group), key)
  if ORDERED[kind] then redis.call('ZREM', order_of(kind, group), key) end
end

-- Brings a group's set of keys up to its rows, where a version of before wrote them.
local function settle_order(kind, group)
  local rows, order = rows_of(kind, group), order_of(kind, group)
  if redis.call('ZCARD', order) == redis.call('HLEN', rows) then return end
  redis.call('DEL', order)
  for _, key in ipairs(redis.call('HKEYS', rows)) do redis.call('ZADD', order, 0, key) end
end

-- Brings the indexes and the time to live of a group's keys up to its rows.
local function settle(kind, group)
  local rows, expiries = rows_of(kind, group), expiries_of(kind, group)
  local all = redis.call('HLEN', rows)
  if all == 0 then
    redis.call('ZREM', groups_of(kind), group)
    redis.call('DEL', expiries, order_of(kind, group))
    return
  end
  local keys = {rows, expiries}
  if ORDERED[kind] then
    settle_order(kind, group)
    keys[3] = order_of(kind, group)
  end
  local first = redis.call('ZRANGE', expiries, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', groups_of(kind), first or '+inf', group)
  local last
  if redis.call('ZCARD', expiries) == all then
    last = redis.call('ZRANGE', expiries, -1, -1, 'WITHSCORES')[2]
    last = string.format('%.0f', tonumber(last))
  end
  for _, key in ipairs(keys) do
    if last then redis.call('PEXPIREAT', key, last) else redis.call('PERSIST', key) end
  end
end
