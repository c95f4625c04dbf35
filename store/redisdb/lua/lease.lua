-- Leases deliveries that are ready.
-- KEYS: 1-6 book; 7 ready set; 8 fresh list
-- ARGV: 1 clock, 2 edition, 3 group, 4 how many at most, 5 ttl in ms, 6 token
-- Returns: {ID, packed delivery, ...}
local now = clock(ARGV[1])
local group, want, ttl, token = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local book = new_book(KEYS, ARGV[2], now)
if book.cancelled() then return {} end

local leased = {}

local function lease(ids)
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

while want > 0 do
  local ids = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', ms(now), 'LIMIT', 0, want)
  if #ids == 0 then break end
  redis.call('ZREM', KEYS[7], unpack(ids))
  lease(ids)
end
book.tidy(group, KEYS[7])
while want > 0 do
  local ids = redis.call('LPOP', KEYS[8], want)
  if not ids then break end
  lease(ids)
end
if redis.call('EXISTS', KEYS[8]) == 0 then redis.call('SREM', KEYS[3], fresh_name(ARGV[2], group)) end
book.save()
return leased
