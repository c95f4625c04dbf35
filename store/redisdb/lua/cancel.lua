-- Skips deliveries of a cancelled edition that wait.
-- KEYS: 1-6 book; then a ready set a group
-- ARGV: 1 clock, 2 edition, 3 number of groups, their names, then IDs
-- Returns: how many were skipped
local book = new_book(KEYS, ARGV[2], clock(ARGV[1]))
local ready, first = group_keys(3, 7)
local skipped = 0
for i = first, #ARGV do
  local id, d = ARGV[i], book.get(ARGV[i])
  if d and (d.state == 'queued' or d.state == 'retry') then
    book.unready(id, d, ready[d.group])
    book.unlease(id, d)
    book.close_as(id, d, 'skipped', 'cancelled')
    skipped = skipped + 1
  end
end
book.save()
return skipped
