-- Counts one event in a fixed window that starts with the first.
-- KEYS: 1 limit
-- ARGV: 1 clock, 2 period in ms
-- Returns: how many events the window has
local now = clock(ARGV[1])
local ends = tonumber(redis.call('HGET', KEYS[1], 'until') or 0)
if ends <= now then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'until', ms(now + tonumber(ARGV[2])))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('HINCRBY', KEYS[1], 'n', 1)
