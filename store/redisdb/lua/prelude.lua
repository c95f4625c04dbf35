-- Put before every script. Times are in ms; a clock argument is '' for the
-- server's own clock.

-- Every call ends with the epoch's key of its tag, and the epoch in which the
-- process opened the store. A tag that has not heard of an epoch yet hears of
-- it here.
local epoch, opened = table.remove(KEYS), tonumber(table.remove(ARGV))
local stands = tonumber(redis.call('GET', epoch) or 0)
if stands > opened then return redis.error_reply('FENCED epoch ' .. stands .. ', opened in ' .. opened) end
if stands < opened then redis.call('SET', epoch, opened) end

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- delivery.Sendable: the reason to skip, or nil if the letter may go out. A
-- record that is gone (false) counts as erased.
local function unsendable(state, edition)
  if not state or state == 'erased' then return 'erased' end
  if (state == 'active') == (edition ~= 'notice-confirm') then return nil end
  if state == 'bounced' or state == 'complained' then return 'suppressed' end
  return 'unsubscribed'
end

-- Packed deliveries: packed.go has the same order.
local function unpack_delivery(v)
  local d = {}
  d.state, d.tries, d.doubts, d.created, d.at, d.skip, d.token, d.group, d.letter, d.reply = string.match(v,
    '^([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
  return d
end

local function pack_delivery(d)
  return table.concat({ d.state, d.tries, d.doubts, d.created, d.at, d.skip, d.token, d.group, d.letter, d.reply }, '|')
end

local function ms(n) return string.format('%.0f', n) end

local open_states = { queued = true, sending = true, retry = true }

-- fresh_name is how a shard's queues name a fresh list; parseQueue reads it.
local function fresh_name(edition, group) return edition .. '|' .. group .. '|new' end

-- book is one edition's ledger in one shard. KEYS[1..6] of a script on a
-- ledger are keys.book.
local function new_book(keys, edition, now)
  local b = { delta = {} }
  local led, cnt, queues, leases, ended, stopped = unpack(keys)
  local notice = string.sub(edition, 1, 7) == 'notice-'

  function b.count(state, n) b.delta[state] = (b.delta[state] or 0) + n end

  function b.cancelled() return redis.call('SISMEMBER', stopped, edition) == 1 end

  function b.get(id)
    local v = redis.call('HGET', led, id)
    return v and unpack_delivery(v)
  end

  -- put keeps d under its new state.
  function b.put(id, d, state)
    if d.state then b.count(d.state, -1) end
    b.count(state, 1)
    d.state = state
    redis.call('HSET', led, id, pack_delivery(d))
    if notice then
      if open_states[state] then
        redis.call('ZREM', ended, edition .. '|' .. id)
      else
        redis.call('ZADD', ended, now, edition .. '|' .. id)
      end
    end
  end

  -- close_as puts d at its end, now.
  function b.close_as(id, d, state, skip)
    d.token, d.skip, d.at = '', skip or '', ms(now)
    b.put(id, d, state)
  end

  function b.ready(id, d, key, at)
    redis.call('ZADD', key, ms(at), id)
    redis.call('SADD', queues, edition .. '|' .. d.group)
  end

  -- tidy forgets a queue whose ready set has become empty.
  function b.tidy(group, key)
    if redis.call('EXISTS', key) == 0 then redis.call('SREM', queues, edition .. '|' .. group) end
  end

  function b.unready(id, d, key)
    if key and redis.call('ZREM', key, id) == 1 then b.tidy(d.group, key) end
  end

  local function lease_name(id, d) return edition .. '|' .. d.group .. '|' .. id end
  function b.lease(id, d, deadline) redis.call('ZADD', leases, ms(deadline), lease_name(id, d)) end
  function b.unlease(id, d) redis.call('ZREM', leases, lease_name(id, d)) end
  function b.leased(id, d)
    local deadline = redis.call('ZSCORE', leases, lease_name(id, d))
    return deadline and tonumber(deadline) > now
  end

  -- save writes the counts; the last step of a script.
  function b.save()
    for state, n in pairs(b.delta) do
      if n ~= 0 then redis.call('HINCRBY', cnt, state, n) end
    end
  end
  return b
end

-- home is the index that a record belongs to. keys are keys.person.
local function home(keys, state, cadence)
  local due = { instant = keys[2], daily = keys[3], weekly = keys[4] }
  return state == 'active' and due[cadence] or keys[5]
end

-- rehome moves a record between the counts and indexes of its shard; state
-- false for a record that is not there.
local function rehome(keys, id, old, new)
  local from = old.state and home(keys, old.state, old.cadence)
  local to = new.state and home(keys, new.state, new.cadence)
  if from and from ~= to then redis.call('ZREM', from, id) end
  if to then redis.call('ZADD', to, new.cursor, id) end
  if old.state ~= new.state then
    if old.state then redis.call('HINCRBY', keys[1], old.state, -1) end
    if new.state then redis.call('HINCRBY', keys[1], new.state, 1) end
  end
end

-- Identities are standing, reason, since and record, a tab between each.
local function unpack_identity(v) return string.match(v, '^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$') end
local function pack_identity(standing, reason, since, record)
  return table.concat({ standing, reason, since, record }, '\t')
end

-- taken_back: posts.Identity.TakenBack.
local function taken_back(standing, since) return standing == 'withdrawn' and since ~= '' end

-- unmarked is an entry of the arrival log without the mark of a withdrawal.
local function unmarked(entry) return (string.gsub(entry, '\twithdrawn$', '')) end

-- slice returns t[from..to].
local function slice(t, from, to)
  local part = {}
  for i = from, to do part[#part + 1] = t[i] end
  return part
end

-- group_keys reads the number of groups at ARGV[at], then their names, whose
-- keys begin at KEYS[first]. It returns group → key, and what comes next
-- in ARGV and in KEYS.
local function group_keys(at, first)
  local n, map = tonumber(ARGV[at]), {}
  for i = 1, n do map[ARGV[at + i]] = KEYS[first + i - 1] end
  return map, at + n + 1, first + n
end

