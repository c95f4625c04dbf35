-- Marks leased deliveries as sending, or as skipped if the subscriber left.
-- KEYS: 1-6 book; then a record a delivery
-- ARGV: 1 clock, 2 edition, 3 'begin', or 'check' to only skip; then ID, token, ...
-- Returns: for each 1 go, 2 lease lost, 3 left
local GO, LOST, LEFT = 1, 2, 3
local now = clock(ARGV[1])
local edition, begin = ARGV[2], ARGV[3] == 'begin'
local book = new_book(KEYS, edition, now)
local cancelled = book.cancelled()

local function permit(id, token, key)
  local d = book.get(id)
  if not d then return LOST end
  if d.state == 'skipped' then return LEFT end
  if d.token == '' or d.token ~= token then return LOST end
  if not book.leased(id, d) then return LOST end
  if d.state == 'sending' then return GO end -- the answer to the first call was lost
  local skip = cancelled and 'cancelled' or unsendable(redis.call('HGET', key, 'state'), edition)
  if skip then
    book.unlease(id, d)
    book.close_as(id, d, 'skipped', skip)
    return LEFT
  end
  if begin then book.put(id, d, 'sending') end
  return GO
end

local permits = {}
for i = 4, #ARGV, 2 do
  permits[#permits + 1] = permit(ARGV[i], ARGV[i + 1], KEYS[7 + #permits])
end
book.save()
return permits
