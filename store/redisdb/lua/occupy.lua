-- Changes how many places a holder has in a group, and renews them.
-- KEYS: 1 places
-- ARGV: 1 clock, 2 holder, 3 how many it wants, 4 places in all, 5 ttl in ms
-- Returns: how many it has
local now = clock(ARGV[1])
local holder, want, most, ttl = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local others, last = 0, now + ttl
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local n, deadline = string.match(all[i + 1], '^(%d+) (%d+)$')
  if tonumber(deadline) <= now then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= holder then
    others = others + tonumber(n)
    last = math.max(last, tonumber(deadline))
  end
end
local held = math.max(math.min(want, most - others), 0)
if held > 0 then
  redis.call('HSET', KEYS[1], holder, ms(held) .. ' ' .. ms(now + ttl))
  redis.call('PEXPIRE', KEYS[1], ms(last - now + 1000))
else
  redis.call('HDEL', KEYS[1], holder)
end
return held
