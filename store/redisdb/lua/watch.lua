-- Takes, renews and releases the watch.
-- KEYS: 1 watch
-- ARGV: 1 clock, 2 'acquire', 'renew' or 'release', 3 holder, 4 ttl in ms, 5 token
-- Returns: {token, holder, ms left}; token 0: another holds it, or the watch
--          has passed on
local now = clock(ARGV[1])
local w = redis.call('HMGET', KEYS[1], 'token', 'holder', 'until')
local token, holder, left = w[1] or '0', w[2] or '', tonumber(w[3] or 0) - now

if ARGV[2] == 'acquire' then
  if left > 0 and holder ~= ARGV[3] then return { 0, holder, left } end
  local issued = redis.call('HINCRBY', KEYS[1], 'issued', 1)
  redis.call('HSET', KEYS[1], 'token', issued, 'holder', ARGV[3], 'until', ms(now + tonumber(ARGV[4])))
  return { issued, ARGV[3], tonumber(ARGV[4]) }
end
if token ~= ARGV[5] or token == '0' then return { 0, holder, left } end
if ARGV[2] == 'renew' then
  redis.call('HSET', KEYS[1], 'until', ms(now + tonumber(ARGV[4])))
else
  redis.call('HSET', KEYS[1], 'token', '0', 'until', '0')
end
return { tonumber(token), holder, left }
