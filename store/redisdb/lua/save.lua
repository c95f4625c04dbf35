-- Stores a subscriber's record by compare-and-swap, and queues a notice.
-- KEYS: 1 record; 2-6 person; with a notice: 7-12 book, 13 ready set
-- ARGV: 1 clock, 2 expected version, 3 ID, 4 state, 5 cadence, 6 cursor,
--       7 notice's edition or '', 8 its group, 9... field, value, ...
-- Returns: 1 stored, 0 the version differs
local now = clock(ARGV[1])
local id, edition = ARGV[3], ARGV[7]
local stored = redis.call('HMGET', KEYS[1], 'version', 'state', 'cadence', 'cursor')
if tonumber(stored[1] or 0) ~= tonumber(ARGV[2]) then return 0 end

local cursor = ms(math.max(tonumber(ARGV[6]), tonumber(stored[4] or 0)))

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ms(tonumber(ARGV[2]) + 1), 'cursor', cursor)
for i = 9, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
rehome(slice(KEYS, 2, 6), id, { state = stored[2], cadence = stored[3] },
  { state = ARGV[4], cadence = ARGV[5], cursor = cursor })

if edition ~= '' then
  local book = new_book(slice(KEYS, 7, 12), edition, now)
  local old, created = book.get(id), now
  if old then
    book.unlease(id, old)
    book.count(old.state, -1)
    -- finish.lua tells a notice from the one that it replaced by this.
    created = math.max(now, tonumber(old.created) + 1)
  end
  local d = { tries = 0, doubts = 0, created = ms(created), at = '', skip = '', token = '',
    group = ARGV[8], letter = '', reply = '' }
  book.put(id, d, 'queued')
  book.ready(id, d, KEYS[13], now)
  book.save()
end
return 1
