-- Carries out a planner's choices: a delivery is queued and the cursor moves,
-- for everybody who still is as the choice found him.
-- KEYS: 1-6 book; 7 due set; a fresh list a group; then a record a choice
-- ARGV: 1 clock, 2 edition, 3 cadence, 4 mark, 5 number of groups, their names,
--       then for each choice: ID, version, cursor, letter or '', group
-- Returns: {queued, moved, changed}; {-1} if the edition was cancelled
local now = clock(ARGV[1])
local cadence, mark = ARGV[3], ARGV[4]
local book = new_book(KEYS, ARGV[2], now)
if book.cancelled() then return { -1 } end
local fresh, first, record = group_keys(5, 8)

local ids = {}
for i = first, #ARGV, 5 do ids[#ids + 1] = ARGV[i] end
local known = redis.call('HMGET', KEYS[1], unpack(ids))

-- pack_delivery of a fresh one up to its group.
local before = 'queued|0|0|' .. ms(now) .. '||||'
local queued, moved, changed = 0, 0, 0
local cursors, deliveries, waiting = {}, {}, {}
for n, id in ipairs(ids) do
  local at = first + (n - 1) * 5
  local version, cursor, letter, group = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local key = KEYS[record + n - 1]
  local s = redis.call('HMGET', key, 'state', 'cadence', 'version', 'cursor')
  if s[1] == 'active' and s[2] == cadence and s[3] == version and s[4] == cursor
    and tonumber(cursor) < tonumber(mark) then
    redis.call('HSET', key, 'cursor', mark)
    cursors[#cursors + 1] = mark
    cursors[#cursors + 1] = id
    if letter ~= '' and not known[n] then
      queued = queued + 1
      deliveries[#deliveries + 1] = id
      deliveries[#deliveries + 1] = before .. group .. '|' .. letter .. '|'
      local list = waiting[group] or {}
      list[#list + 1] = id
      waiting[group] = list
    else
      moved = moved + 1
    end
  else
    changed = changed + 1
  end
end

if #cursors > 0 then redis.call('ZADD', KEYS[7], unpack(cursors)) end
if queued > 0 then redis.call('HSET', KEYS[1], unpack(deliveries)) end
for group, list in pairs(waiting) do
  redis.call('RPUSH', fresh[group], unpack(list))
  redis.call('SADD', KEYS[3], fresh_name(ARGV[2], group))
end
book.count('queued', queued)
book.save()
return { queued, moved, changed }
