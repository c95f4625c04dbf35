-- Keeps a brake if nobody changed it since it was read.
-- KEYS: 1 brakes
-- ARGV: 1 'GROUP|RELAY', 2 version it was read with (0: there was none),
--       3 the brake, '' to forget it
-- Returns: 1 kept, 0 it was changed
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local version = kept and string.match(kept, '^%d+') or '0'
if version ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ms(tonumber(version) + 1) .. ' ' .. ARGV[3])
end
return 1
