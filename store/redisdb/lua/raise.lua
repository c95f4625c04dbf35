-- Begins the next epoch. The other tags hear of it afterwards.
-- KEYS: 1 epoch, 2 meta
-- ARGV: 1 why the store is retired, or ''
-- Returns: the epoch
redis.call('HSET', KEYS[2], 'retired', ARGV[1])
return redis.call('INCR', KEYS[1])
