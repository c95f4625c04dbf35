-- Moves an edition to another stage.
-- KEYS: 1 edition, 2 planning, 3 open, 4 trim, 5 fold
-- ARGV: 1 clock, 2 ID, 3 'close', 'finish', 'reopen', 'cancel' or 'fold'
--       (only counted from now on, if it is time for that), 4 lifetime
--       of a finished or cancelled edition in ms, 5 that of its sent deliveries,
--       6 that of the others
-- Returns: 1 moved, 0 it was there already, -1 there is no such edition,
--          -2 its stage does not allow that
local now = clock(ARGV[1])
local id, verb = ARGV[2], ARGV[3]
local is = redis.call('HMGET', KEYS[1], 'stage', 'cadence')
local stage = is[1]
if not stage then return -1 end

local function age()
  redis.call('HSET', KEYS[1], 'finished', ms(now))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('ZADD', KEYS[4], ms(now + tonumber(ARGV[5])), id)
  redis.call('ZADD', KEYS[5], ms(now + tonumber(ARGV[6])), id)
end

local function move(to)
  redis.call('HSET', KEYS[1], 'stage', to)
  if redis.call('HGET', KEYS[2], is[2]) == id then redis.call('HDEL', KEYS[2], is[2]) end
end

if verb == 'close' then
  if stage == 'cancelled' then return -2 end
  if stage ~= 'planning' then return 0 end
  move('sending')
elseif verb == 'finish' then
  if stage ~= 'sending' then return 0 end
  move('finished')
  redis.call('SREM', KEYS[3], id)
  age()
elseif verb == 'reopen' then
  if stage ~= 'finished' then return 0 end
  -- Its rows are going: what was queued again would go with them.
  if redis.call('HEXISTS', KEYS[1], 'folded') == 1 then return -2 end
  move('sending')
  redis.call('HDEL', KEYS[1], 'finished')
  redis.call('SADD', KEYS[3], id)
  redis.call('PERSIST', KEYS[1])
  redis.call('ZREM', KEYS[5], id)
elseif verb == 'fold' then
  local due = redis.call('ZSCORE', KEYS[5], id)
  if not due or tonumber(due) > now or (stage ~= 'finished' and stage ~= 'cancelled') then return 0 end
  redis.call('HSET', KEYS[1], 'folded', 1)
else
  if stage == 'cancelled' then return 0 end
  if stage == 'finished' then return -2 end
  move('cancelled')
  age()
end
return 1
