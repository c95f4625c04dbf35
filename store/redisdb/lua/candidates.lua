-- Lists active subscribers of a cadence whose cursor is below a mark, by cursor
-- and ID, after one of them; all of them if that one is not below it any more.
-- KEYS: 1 due set
-- ARGV: 1 mark, 2 ID after whom to start or '', 3 limit
-- Returns: IDs
local mark, after, limit = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local from = 0
local stands = after ~= '' and redis.call('ZSCORE', KEYS[1], after)
if stands and tonumber(stands) < mark then from = redis.call('ZRANK', KEYS[1], after) + 1 end
local due = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ms(mark))
if from >= due then return {} end
return redis.call('ZRANGE', KEYS[1], from, math.min(from + limit, due) - 1)
