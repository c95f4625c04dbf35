-- Drops what does not wait any more from the head of a fresh list.
-- KEYS: 1-6 book; 7 fresh list
-- ARGV: 1 clock, 2 edition, 3 group, 4 how many at most
-- Returns: how many were dropped
local book = new_book(KEYS, ARGV[2], clock(ARGV[1]))
local dropped = 0
for _, id in ipairs(redis.call('LRANGE', KEYS[7], 0, tonumber(ARGV[4]) - 1)) do
  local d = book.get(id)
  if d and d.token == '' and (d.state == 'queued' or d.state == 'retry') then break end
  dropped = dropped + 1
end
if dropped > 0 then redis.call('LTRIM', KEYS[7], dropped, -1) end
if redis.call('EXISTS', KEYS[7]) == 0 then redis.call('SREM', KEYS[3], fresh_name(ARGV[2], ARGV[3])) end
return dropped
