-- Tells the time.
-- KEYS: 1 any
-- ARGV: none
-- Returns: ms since 1970
return clock('')
