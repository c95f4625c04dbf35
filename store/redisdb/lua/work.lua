-- Says what waits in ready sets of one shard.
-- KEYS: ready sets
-- ARGV: 1 clock
-- Returns: for each set, how many are ready, and in how many ms the next will
--          be (-1: none)
local now = clock(ARGV[1])
local answer = {}
for i, key in ipairs(KEYS) do
  local ready = redis.call('ZCOUNT', key, '-inf', ms(now))
  local next = redis.call('ZRANGE', key, ready, ready, 'WITHSCORES')
  answer[i * 2 - 1] = ready
  answer[i * 2] = next[2] and math.max(1, tonumber(next[2]) - now) or -1
end
return answer
