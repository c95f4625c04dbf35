-- Says what waits in queues of one shard.
-- KEYS: ready sets and fresh lists
-- ARGV: 1 clock; then 'new' for a list, '' for a set
-- Returns: for each key, how many are ready, and in how many ms the next will
--          be (-1: none)
local now = clock(ARGV[1])
local answer = {}
for i, key in ipairs(KEYS) do
  if ARGV[i + 1] == 'new' then
    answer[i * 2 - 1], answer[i * 2] = redis.call('LLEN', key), -1
  else
    local ready = redis.call('ZCOUNT', key, '-inf', ms(now))
    local next = redis.call('ZRANGE', key, ready, ready, 'WITHSCORES')
    answer[i * 2 - 1] = ready
    answer[i * 2] = next[2] and math.max(1, tonumber(next[2]) - now) or -1
  end
end
return answer
