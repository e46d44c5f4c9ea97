-- Gives the lease back.

if redis.call('GET', KEYS[2]) == TOKEN then redis.call('DEL', KEYS[2]) end
return {'ok'}
