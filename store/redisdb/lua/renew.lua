-- Lets leases live longer, also expired ones that nobody took back; those that
-- were lost are passed over.
-- KEYS: 1-6 book
-- ARGV: 1 clock, 2 edition, 3 ttl in ms, then ID, token, ...
-- Returns: how many were renewed
local now = clock(ARGV[1])
local ttl, renewed = tonumber(ARGV[3]), 0
local book = new_book(KEYS, ARGV[2], now)
for i = 4, #ARGV, 2 do
  local d = book.get(ARGV[i])
  if d and d.token ~= '' and d.token == ARGV[i + 1] then
    book.lease(ARGV[i], d, now + ttl)
    renewed = renewed + 1
  end
end
return renewed
