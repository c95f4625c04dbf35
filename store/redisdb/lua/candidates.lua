-- Lists active subscribers of a cadence whose cursor is below a mark, by cursor
-- and ID, after one of them.
-- KEYS: 1 due set, 2 record of the one after whom to start (any if none)
-- ARGV: 1 mark, 2 ID after whom to start or '', 3 limit
-- Returns: IDs
local mark, after, limit = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

-- Lua compares strings by the server's locale, sorted sets by bytes.
local function behind(id)
  for i = 1, #id do
    local a, b = string.byte(id, i), string.byte(after, i)
    if a ~= b then return a > b end
  end
  return false
end

local rank = 0
if after ~= '' then
  -- Whoever was planned stood at the cursor that he was planned from.
  local p = redis.call('HMGET', KEYS[2], 'cursor', 'from')
  local cursor = tonumber(p[1] or mark)
  if cursor >= mark then cursor = tonumber(p[2] or mark) end
  if cursor < mark then
    rank = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ms(cursor))
    local last = rank + redis.call('ZCOUNT', KEYS[1], cursor, cursor)
    while rank < last do
      local middle = math.floor((rank + last) / 2)
      if behind(redis.call('ZRANGE', KEYS[1], middle, middle)[1]) then last = middle else rank = middle + 1 end
    end
  end
end
local due = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ms(mark))
if rank >= due then return {} end
return redis.call('ZRANGE', KEYS[1], rank, math.min(rank + limit, due) - 1)
