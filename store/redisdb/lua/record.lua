-- Records identities. A value is standing, reason, since and record, a tab
-- between each. A standing never moves backwards, and what an operator withdrew
-- stays.
-- KEYS: 1 watch, 2 identities
-- ARGV: 1 token, 2 what a new store is called by, then ID, standing, reason,
--       since, record, ...
-- Returns: 1 recorded, 0 the watch has passed on
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSETNX', KEYS[1], 'origin', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'records', 1)
local ranks = { [''] = 0, backlog = 1, due = 1, held = 2, released = 3, arrived = 4, withdrawn = 5 }
for i = 3, #ARGV, 5 do
  local standing, reason, since = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local stored = redis.call('HGET', KEYS[2], ARGV[i])
  if stored then
    local was, why, when = unpack_identity(stored)
    if ranks[was] > ranks[standing] or taken_back(was, when) then standing, reason, since = was, why, when end
  end
  redis.call('HSET', KEYS[2], ARGV[i], pack_identity(standing, reason, since, ARGV[i + 4]))
end
return 1
