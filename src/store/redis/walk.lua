-- Rows of a group in the order of their keys; false where the set of keys is not that of the rows.
-- KEYS: 1 the rows, 2 the set of their keys. ARGV: 1 'after' or 'before', 2 from where as
-- ZRANGEBYLEX has it, 3 how many at most.

if redis.call('HLEN', KEYS[1]) ~= redis.call('ZCARD', KEYS[2]) then return false end
local keys
if ARGV[1] == 'after' then
  keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[2], '+', 'LIMIT', 0, ARGV[3])
else
  keys = redis.call('ZREVRANGEBYLEX', KEYS[2], ARGV[2], '-', 'LIMIT', 0, ARGV[3])
end
if #keys == 0 then return {} end
local rows, answer = redis.call('HMGET', KEYS[1], unpack(keys)), {}
for n, key in ipairs(keys) do
  if not rows[n] then return false end
  answer[2 * n - 1], answer[2 * n] = key, rows[n]
end
return answer
