-- Takes expired leases of one edition back; of a cancelled one, to its end.
-- KEYS: 1-6 book; then a ready set a group
-- ARGV: 1 clock, 2 edition, 3 policy ('resend', 'skip' or 'hold'), 4 number of groups,
--       their names, then ID, group, ...
-- Returns: {requeued before they began, expired while sending}
local now = clock(ARGV[1])
local edition, resend = ARGV[2], ARGV[3] == 'resend'
local book = new_book(KEYS, edition, now)
local ready, first = group_keys(4, 7)
local cancelled = book.cancelled()
local requeued, uncertain = 0, 0

-- back goes by the lease's group, whose key there is.
local function back(id, d, group)
  d.token, d.at, d.group = '', '', group
  book.put(id, d, 'queued')
  book.ready(id, d, ready[group], now)
end

for i = first, #ARGV, 2 do
  local id, d = ARGV[i], book.get(ARGV[i])
  local lease = { group = ARGV[i + 1] }
  if not book.leased(id, lease) then
    book.unlease(id, lease)
    if d and d.token ~= '' and d.state == 'queued' and cancelled then
      book.close_as(id, d, 'skipped', 'cancelled')
    elseif d and d.token ~= '' and d.state == 'queued' then
      back(id, d, lease.group)
      requeued = requeued + 1
    elseif d and d.token ~= '' and d.state == 'sending' then
      uncertain = uncertain + 1
      if resend and not cancelled then
        d.doubts = tonumber(d.doubts) + 1
        back(id, d, lease.group)
      else
        book.close_as(id, d, 'uncertain')
      end
    end
  end
end
book.save()
return { requeued, uncertain }
