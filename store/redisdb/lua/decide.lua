-- Carries out an operator's decision on posts. What is withdrawn gets its mark in
-- the arrival log (see takenBackMark in log.go).
-- KEYS: 1 watch, 2 identities, 3 log, 4 numbers, 5 amended
-- ARGV: 1 'released' or 'withdrawn', 2 reason, 3 since, then post IDs
-- Returns: the IDs that were decided on
local standing, decided = ARGV[1], {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local stored = redis.call('HGET', KEYS[2], id)
  if stored then
    local was, _, since, rest = unpack_identity(stored)
    local may = was == 'held'
    if standing == 'withdrawn' then may = was ~= '' and not taken_back(was, since) end
    if may then
      decided[#decided + 1] = id
      redis.call('HSET', KEYS[2], id, pack_identity(standing, ARGV[2], ARGV[3], rest))
      local number = standing == 'withdrawn' and redis.call('HGET', KEYS[4], id)
      if number then
        local entry = redis.call('HGET', KEYS[3], number)
        redis.call('HSET', KEYS[3], number, unmarked(entry) .. '\twithdrawn')
        redis.call('HSET', KEYS[5], number, 'withdrawn')
      end
    end
  end
end
if #decided > 0 then
  redis.call('HINCRBY', KEYS[1], 'records', 1)
  redis.call('HINCRBY', KEYS[1], 'decisions', 1)
end
return decided
