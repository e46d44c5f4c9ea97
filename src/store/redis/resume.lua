-- After it was lost sight of: tells how many commits the store has, and moves the number on, so
-- that a commit of ours which is still on its way somewhere can never be applied after this.

local found = standing()
if found[1] ~= 'ok' then return found end
local next = math.max(tonumber(found[2]), tonumber(KNOWN)) + 1
redis.call('HSET', KEYS[1], 'count', string.format('%.0f', next))
keep_lease()
return {'ok', found[2], string.format('%.0f', next)}
