-- Lists what a set says is due: leases whose deadline has passed, editions that
-- are old.
-- KEYS: 1 the set, by time in ms
-- ARGV: 1 clock, 2 limit
-- Returns: members
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(clock(ARGV[1])), 'LIMIT', 0, ARGV[2])
