-- Keeps the lease. One that ran out is taken again: nobody else has had it since, or the owner
-- would be another.

local found = standing()
if found[1] ~= 'ok' then return found end
keep_lease()
if found[2] ~= KNOWN then return {'count', found[2]} end
return {'ok'}
