-- Opens an edition, unless one stands in its place.
-- KEYS: 1 edition, 2 planning, 3 slot, 4 editions, 5 open
-- ARGV: 1 ID, 2 cadence, 3 1 if scheduled, 4 opened in ms, 5 lifetime of the
--       slot in ms, 6 the slot, 7... field, value, ...
-- Returns: the ID of the edition that stands now
local id, cadence, scheduled = ARGV[1], ARGV[2], ARGV[3] == '1'
local planned = redis.call('HGET', KEYS[2], cadence)
if planned and planned ~= id then return planned end
local there = redis.call('HMGET', KEYS[1], 'stage', 'scheduled')
if there[1] then
  -- What was to go out at that moment has gone by hand.
  if scheduled and there[2] ~= '1' and there[1] ~= 'cancelled' and redis.call('SET', KEYS[3], id, 'PX', ARGV[5], 'NX') then
    redis.call('HSET', KEYS[1], 'scheduled', '1', 'slot', ARGV[6])
  end
  return id
end
if scheduled then
  local other = redis.call('GET', KEYS[3])
  if other then return other end
  redis.call('SET', KEYS[3], id, 'PX', ARGV[5])
end
redis.call('HSET', KEYS[1], unpack(slice(ARGV, 7, #ARGV)))
redis.call('HSET', KEYS[2], cadence, id)
redis.call('ZADD', KEYS[4], ARGV[4], id)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ms(tonumber(ARGV[4]) - tonumber(ARGV[5])))
redis.call('SADD', KEYS[5], id)
return id
