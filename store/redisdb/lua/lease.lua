-- Leases deliveries that are ready.
-- KEYS: 1-6 book; 7 ready set
-- ARGV: 1 clock, 2 edition, 3 group, 4 how many at most, 5 ttl in ms, 6 token
-- Returns: {ID, packed delivery, ...}
local now = clock(ARGV[1])
local group, want, ttl, token = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local book = new_book(KEYS, ARGV[2], now)
if book.cancelled() then return {} end

local leased = {}
while want > 0 do
  local ids = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', ms(now), 'LIMIT', 0, want)
  if #ids == 0 then break end
  redis.call('ZREM', KEYS[7], unpack(ids))
  local values = redis.call('HMGET', KEYS[1], unpack(ids))
  for i, id in ipairs(ids) do
    local d = values[i] and unpack_delivery(values[i])
    -- The ledger is the truth: an ID that is ready and does not wait is dropped.
    if d and d.token == '' and (d.state == 'queued' or d.state == 'retry') then
      d.token, d.at = token, ''
      book.put(id, d, 'queued')
      book.lease(id, d, now + ttl)
      leased[#leased + 1] = id
      leased[#leased + 1] = pack_delivery(d)
      want = want - 1
    end
  end
end
book.tidy(group, KEYS[7])
book.save()
return leased
