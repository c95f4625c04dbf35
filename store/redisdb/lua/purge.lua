-- Removes notices that ended long ago.
-- KEYS: 1 ended; then for each kind of notice its ledger and its counts
-- ARGV: 1 clock, 2 age in ms, 3 limit, then the kinds' editions
-- Returns: how many were removed
local before = clock(ARGV[1]) - tonumber(ARGV[2])
local place = {}
for i = 4, #ARGV do place[ARGV[i]] = 2 + (i - 4) * 2 end
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(before), 'LIMIT', 0, ARGV[3])
for _, member in ipairs(old) do
  local edition, id = string.match(member, '^([^|]*)|(.*)$')
  local at = place[edition]
  local v = at and redis.call('HGET', KEYS[at], id)
  if v then
    redis.call('HDEL', KEYS[at], id)
    redis.call('HINCRBY', KEYS[at + 1], unpack_delivery(v).state, -1)
  end
  redis.call('ZREM', KEYS[1], member)
end
return #old
