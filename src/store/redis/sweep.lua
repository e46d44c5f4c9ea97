-- Deletes rows that have expired. ARGV: 7 how many at most, from 8 on the tables.

local found = standing()
if found[1] ~= 'ok' then return found end
local left = tonumber(ARGV[7])
for n = 8, #ARGV do
  local kind = ARGV[n]
  while left > 0 do
    local group = redis.call('ZRANGEBYSCORE', groups_of(kind), '-inf', NOW, 'LIMIT', 0, 1)[1]
    if not group then break end
    local expiries = expiries_of(kind, group)
    local gone = redis.call('ZRANGEBYSCORE', expiries, '-inf', NOW, 'LIMIT', 0, left)
    for _, key in ipairs(gone) do remove(kind, group, key) end
    settle(kind, group)
    -- A group that is gone as a whole costs a step too.
    left = left - math.max(#gone, 1)
  end
end
return {'ok', tostring(tonumber(ARGV[7]) - left)}
