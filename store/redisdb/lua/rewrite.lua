-- Replaces a letter's bytes if they are those that the caller read.
-- KEYS: 1 letter, 2 rewrites
-- ARGV: 1 bytes read, 2 new bytes
-- Returns: 1 replaced, 0 they are others
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('INCR', KEYS[2])
return 1
