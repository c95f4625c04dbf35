-- Spends a group's budget: a bucket that refills at a steady rate, kept as the
-- time at which it is full again.
-- KEYS: 1 pace
-- ARGV: 1 clock, 2 ms a message, 3 messages a bucket holds, 4 how many are
--       wanted, or below 0 how many are given back
-- Returns: {granted, ms until another one}
local now = clock(ARGV[1])
local each, burst, want = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Never more than a bucket's time ahead: a clock that was set back stops no
-- group for long.
local kept = tonumber(redis.call('GET', KEYS[1]) or 0)
local full = math.min(math.max(now, kept), now + each * burst)
if want < 0 then
  if full > now then
    full = math.max(now, full + want * each)
    redis.call('SET', KEYS[1], string.format('%.4f', full), 'PX', ms(math.ceil(full - now) + 1000))
  end
  return { 0, 0 }
end
-- The small part keeps a message that rounding would hold back.
local granted = math.min(want, math.floor((now + each * burst - full) / each + 0.0001))
granted = math.max(granted, 0)
if granted > 0 or kept > full then
  full = full + granted * each
  redis.call('SET', KEYS[1], string.format('%.4f', full), 'PX', ms(math.ceil(full - now) + 1000))
end
local wait = 0
if granted < want then wait = math.max(1, math.ceil(full + each - each * burst - now)) end
return { granted, wait }
