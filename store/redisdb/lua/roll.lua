-- Replaces a roll if it is the one that the caller read.
-- KEYS: 1 roll
-- ARGV: 1 bytes read, '' for none, 2 new bytes
-- Returns: 1 replaced, 0 it is another
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
