-- Records identities. A value is standing, reason and record, a tab between
-- each; a stored standing of arrived or withdrawn stays, with its reason.
-- KEYS: 1 watch, 2 identities
-- ARGV: 1 token, 2 what a new store is called by, then ID, standing, reason, record, ...
-- Returns: 1 recorded, 0 the watch has passed on
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSETNX', KEYS[1], 'origin', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'records', 1)
for i = 3, #ARGV, 4 do
  local standing, reason = ARGV[i + 1], ARGV[i + 2]
  local stored = redis.call('HGET', KEYS[2], ARGV[i])
  if stored then
    local was, why = string.match(stored, '^([^\t]*)\t([^\t]*)\t')
    if was == 'withdrawn' or (was == 'arrived' and standing ~= 'withdrawn') then standing, reason = was, why end
  end
  redis.call('HSET', KEYS[2], ARGV[i], standing .. '\t' .. reason .. '\t' .. ARGV[i + 3])
end
return 1
