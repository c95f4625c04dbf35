-- Skips deliveries that wait, of a cancelled edition or of letters that were
-- taken back.
-- KEYS: 1-6 book; then a ready set a group
-- ARGV: 1 clock, 2 edition, 3 why, 4 number of groups, their names, then ID,
--       letter or '' for any, ...
-- Returns: how many were skipped
local book = new_book(KEYS, ARGV[2], clock(ARGV[1]))
local ready, first = group_keys(4, 7)
local skipped = 0
for i = first, #ARGV, 2 do
  local id, letter, d = ARGV[i], ARGV[i + 1], book.get(ARGV[i])
  if d and (d.state == 'queued' or d.state == 'retry') and (letter == '' or letter == d.letter) then
    book.unready(id, d, ready[d.group])
    book.unlease(id, d)
    book.close_as(id, d, 'skipped', ARGV[3])
    skipped = skipped + 1
  end
end
book.save()
return skipped
