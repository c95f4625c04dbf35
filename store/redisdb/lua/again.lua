-- Queues deliveries once more that are at an end.
-- KEYS: 1-6 book; a ready set a group; then a record an ID
-- ARGV: 1 clock, 2 edition, 3 the states to take, each between commas,
--       4 number of groups, their names, then IDs
-- Returns: {queued, left alone because the subscriber left}; {-1} if the
--          edition was cancelled
local now = clock(ARGV[1])
local edition, states = ARGV[2], ARGV[3]
local book = new_book(KEYS, edition, now)
if book.cancelled() then return { -1 } end
local ready, first, record = group_keys(4, 7)
local queued, left = 0, 0

for i = first, #ARGV do
  local id, d = ARGV[i], book.get(ARGV[i])
  if d and ready[d.group] and string.find(states, ',' .. d.state .. ',', 1, true) then
    if unsendable(redis.call('HGET', KEYS[record + i - first], 'state'), edition) then
      left = left + 1
    else
      if d.state == 'uncertain' then d.doubts = tonumber(d.doubts) + 1 end
      d.tries, d.at, d.skip, d.token = 0, '', '', ''
      book.put(id, d, 'queued')
      book.ready(id, d, ready[d.group], now)
      queued = queued + 1
    end
  end
end
book.save()
return { queued, left }
