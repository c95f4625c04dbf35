-- Records what became of attempts.
-- KEYS: 1-6 book; 7-11 person; a ready set a group; then a record a bounce
-- ARGV: 1 clock, 2 edition, 3 the time as records keep it, for bounces,
--       4 number of groups, their names, then for each result: ID, token,
--       created in ms or '', state, at in ms or '', skip, place of the record
--       among the bounces or 0, reply
-- Returns: how many were recorded; an error, the others recorded, if one waits in
--          another group than its result says
local now = clock(ARGV[1])
local edition = ARGV[2]
local book = new_book(KEYS, edition, now)
local notice = string.sub(edition, 1, 7) == 'notice-'
local ready, first, record = group_keys(4, 12)
local person = slice(KEYS, 7, 11)

local function requeue(id, d, state, at)
  if book.cancelled() then return book.close_as(id, d, 'skipped', 'cancelled') end
  d.token, d.skip, d.at = '', '', state == 'retry' and at or ''
  if state == 'retry' then d.tries = tonumber(d.tries) + 1 end
  book.put(id, d, state)
  book.ready(id, d, ready[d.group], state == 'retry' and tonumber(at) or now)
end

local ends = { bounced = true, complained = true, erased = true }

-- bounce takes a dead address out: that of somebody who was erased before and
-- never confirmed whole, as subscribers.Erase does.
local function bounce(id, key)
  local s = redis.call('HMGET', key, 'state', 'cadence', 'cursor', 'generation', 'version', 'returning')
  if not s[1] or ends[s[1]] then return end
  local to = 'bounced'
  if s[1] == 'pending' and s[6] then
    to = 'erased'
    redis.call('DEL', key)
  end
  redis.call('HSET', key, 'version', ms(tonumber(s[5]) + 1), 'cursor', s[3], 'state', to,
    'generation', ms(tonumber(s[4] or 0) + 1), 'changed', ARGV[3])
  rehome(person, id, { state = s[1], cadence = s[2] }, { state = to, cadence = s[2], cursor = s[3] })
end

local strange -- an ID whose result names another group

-- record_one keeps one result; facts count whoever holds the lease.
local function record_one(id, token, created, state, at, skip, bounces, reply)
  local d = book.get(id)
  if not d then return false end
  local mine = d.token ~= '' and d.token == token
  if state == 'sent' or state == 'rejected' then
    -- A notice that was replaced meanwhile is another delivery.
    if notice and created ~= '' and created ~= d.created then return false end
    if d.state == 'sent' or d.state == state then return false end
  elseif not mine then
    return false
  end
  local again = state == 'retry' or state == 'queued'
  if again and not ready[d.group] then
    strange = id
    return false
  end
  book.unlease(id, d)
  book.unready(id, d, ready[d.group])
  if reply ~= '' then d.reply = reply end
  if again then
    requeue(id, d, state, at)
  else
    book.close_as(id, d, state, skip)
  end
  if bounces > 0 then bounce(id, KEYS[record + bounces - 1]) end
  return true
end

local recorded = 0
for i = first, #ARGV, 8 do
  local r = slice(ARGV, i, i + 7)
  if record_one(r[1], r[2], r[3], r[4], r[5], r[6], tonumber(r[7]), r[8]) then recorded = recorded + 1 end
end
book.save()
if strange then return redis.error_reply('ERR delivery to ' .. strange .. ': the result names another group') end
return recorded
