-- Carries out one command on one key.
-- KEYS: 1 key
-- ARGV: 1 the command, then its arguments after the key
-- Returns: the command's answer, 0 instead of nil
return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2)) or 0
