-- Replaces what the arrival log says of posts that are in it.
-- KEYS: 1 watch, 2 log, 3 numbers, 4 amended
-- ARGV: 1 token, then post, 'withdrawn', 'corrected' or '', other part (see
--       append), ...
-- Returns: how many were replaced, -1 if the watch has passed on
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return -1 end
local replaced = 0
for i = 2, #ARGV, 3 do
  local number = redis.call('HGET', KEYS[3], ARGV[i])
  if number then
    local entry = redis.call('HGET', KEYS[2], number)
    local kept, mark = string.match(entry, '^([^\t]*)\t'), string.sub(entry, #unmarked(entry) + 1)
    redis.call('HSET', KEYS[2], number, kept .. '\t' .. ARGV[i + 2] .. mark)
    local amended = mark ~= '' and 'withdrawn' or ARGV[i + 1]
    if amended ~= '' then redis.call('HSET', KEYS[4], number, amended) else redis.call('HDEL', KEYS[4], number) end
    replaced = replaced + 1
  end
end
return replaced
