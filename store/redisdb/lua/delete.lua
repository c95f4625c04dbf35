-- Removes a record whole; its deliveries that wait become skipped.
-- KEYS: 1 record; 2-6 person; 7 queues, 8 leases, 9 ended, 10 stopped; then for
--       each edition its ledger and its counts; then the ready sets
-- ARGV: 1 clock, 2 expected version, 3 ID, 4 number of editions, their names,
--       then the queues ("EDITION|GROUP") of the ready sets
-- Returns: 1 removed, 0 the version differs or there is none
local now = clock(ARGV[1])
local id, editions = ARGV[3], tonumber(ARGV[4])
local stored = redis.call('HMGET', KEYS[1], 'version', 'state', 'cadence')
if not stored[1] or tonumber(stored[1]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
rehome(slice(KEYS, 2, 6), id, { state = stored[2], cadence = stored[3] }, {})

local ready = {}
for i = 5 + editions, #ARGV do ready[ARGV[i]] = KEYS[10 + editions * 2 + i - 4 - editions] end
for i = 1, editions do
  local edition = ARGV[4 + i]
  local book = new_book({ KEYS[9 + i * 2], KEYS[10 + i * 2], KEYS[7], KEYS[8], KEYS[9], KEYS[10] }, edition, now)
  local d = book.get(id)
  if d and (d.state == 'queued' or d.state == 'retry') then
    book.unready(id, d, ready[edition .. '|' .. d.group])
    book.unlease(id, d)
    book.close_as(id, d, 'skipped', 'erased')
    book.save()
  end
end
return 1
