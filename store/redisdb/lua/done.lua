-- Takes what was due out of a set, or puts it off, unless it is not due any more:
-- an edition that finished anew meanwhile has another time.
-- KEYS: 1 the set, by time in ms
-- ARGV: 1 clock, 2 member, 3 in how many ms it is due again, or ''
-- Returns: 1 done, 0 it is not due
local now = clock(ARGV[1])
local due = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not due or tonumber(due) > now then return 0 end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[2])
else
  redis.call('ZADD', KEYS[1], ms(now + tonumber(ARGV[3])), ARGV[2])
end
return 1
