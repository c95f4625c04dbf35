-- Lists leases whose deadline has passed.
-- KEYS: 1 leases
-- ARGV: 1 clock, 2 limit
-- Returns: {"EDITION|GROUP|ID", ...}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(clock(ARGV[1])), 'LIMIT', 0, ARGV[2])
