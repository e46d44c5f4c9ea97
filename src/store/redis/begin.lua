-- Takes the lease, and makes the store where there is none.
-- ARGV: 7 an id for a new store or nothing, 8 the schema that we know.

local holder = redis.call('GET', KEYS[2])
if holder and holder ~= TOKEN then
  return {'held', holder, tostring(redis.call('PTTL', KEYS[2]))}
end
local facts = redis.call('HMGET', KEYS[1], 'id', 'schema')
local fresh = not facts[1]
if fresh and ARGV[7] == '' then return {'none'} end
if not fresh and facts[2] ~= ARGV[8] then return {'schema', facts[2] or '0'} end
if fresh then redis.call('HSET', KEYS[1], 'id', ARGV[7], 'schema', ARGV[8], 'count', '0') end
redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'owner', TOKEN)
keep_lease()
local now = redis.call('HMGET', KEYS[1], 'id', 'count', 'fence')
return {fresh and 'fresh' or 'ok', now[1], now[2], now[3]}
