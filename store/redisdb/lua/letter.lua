-- Keeps a letter, and what it brings, if it is not there yet.
-- KEYS: 1 letter, 2 brought, 3 amended
-- ARGV: 1 name, 2 bytes, 3 lifetime in ms, 4 what it brings or '', 5 lifetime of
--       that in ms, then the numbers of what it brings
-- Returns: 1 kept, 0 it was there, -1 one of these is withdrawn
for i = 6, #ARGV, 1000 do -- Lua unpacks no more than some thousand
  for _, amended in ipairs(redis.call('HMGET', KEYS[3], unpack(ARGV, i, math.min(i + 999, #ARGV)))) do
    if amended == 'withdrawn' then return -1 end
  end
end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) then return 0 end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
return 1
