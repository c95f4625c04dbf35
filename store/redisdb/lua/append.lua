-- Appends to the arrival log. A value is what is kept for ever (arrived,
-- topics) and what may be updated, a tab between.
-- KEYS: 1 watch, 2 head, 3 log, 4 numbers, 5 identities, 6 amended
-- ARGV: 1 token, then post, 'withdrawn', 'corrected' or '', kept part, other
--       part, ...
-- Returns: the new head, -1 if the watch has passed on
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return -1 end
local head = tonumber(redis.call('GET', KEYS[2]) or 0)
for i = 2, #ARGV, 4 do
  local post, amended = ARGV[i], ARGV[i + 1]
  local seen = redis.call('HGET', KEYS[5], post)
  local standing, _, since, rest
  if seen then standing, _, since, rest = unpack_identity(seen) end
  if standing ~= 'withdrawn' and amended ~= 'withdrawn' then
    if redis.call('HEXISTS', KEYS[4], post) == 0 then
      head = head + 1
      redis.call('HSET', KEYS[3], ms(head), ARGV[i + 2] .. '\t' .. ARGV[i + 3])
      redis.call('HSET', KEYS[4], post, ms(head))
      if amended ~= '' then redis.call('HSET', KEYS[6], ms(head), amended) end
    end
    if standing and standing ~= 'arrived' then redis.call('HSET', KEYS[5], post, pack_identity('arrived', '""', '', rest)) end
  end
end
redis.call('SET', KEYS[2], ms(head))
return head
