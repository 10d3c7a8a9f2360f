-- What every script of the log begins with: the keys, the counters, and how entries go. KEYS[1] is the stream; all
-- other keys begin with its name, so that they lie in its slot of a cluster.
--   <log>                stream   a kept event is <position>-0; what passes without being kept, <head>-1, <head>-2, …
--   <log>:state          hash     epoch, head, last stream id, usage, how far the bounds have come
--   <log>:room:<room>    zset     positions of the room's kept events
--   <log>:rooms          hash     room -> "<listed> <loose> <loose from> <trimmed to>"
--   <log>:expiry, :firm  zset     positions with an expiry of their own, by it; positions that never expire
--   <log>:dropped        zset     of the newest positions, those that a bound took from a room: who reads late missed them
--   <log>:newest         hash     conflation key -> positions, of entries that take an earlier one's place
--   <log>:passing        list     stream ids of what passes, oldest first
--   <log>:answer:<key>   string   how a publisher was answered; it expires
--   <log>:facts          hash     name -> "<number> <until> <content>"; :facts:until zset
--   <log>:done:<node>    string   the last call of a node and its reply, for when it has to ask again
local P = KEYS[1]
local S = P .. ':state'
local call, num = redis.call, tonumber
local NEVER = '-1'
local RECENT = 5000  -- positions that :dropped knows about
-- Where a field's value stands in a stream entry, which is a flat list of names and values.
local TYPE, ROOMS, TIME, EXPIRES, KEY, NEWEST, SIZE, BY, JSON = 4, 6, 8, 10, 12, 14, 16, 18, 20

local function text(number) return string.format('%.0f', number) end
local function id(position) return text(position) .. '-0' end

local names = {'head', 'entries', 'bytes', 'firm', 'firm_bytes', 'rooms', 'trimmed', 'trimmed_to', 'dropped_to',
               'aging_from', 'aging_at', 'loose_from', 'firm_from', 'passing'}
local st = {}
do
  local got = call('HMGET', S, 'epoch', 'last', 'passed_to', 'history', unpack(names))
  st.epoch, st.last, st.passed_to, st.history = got[1], got[2] or '0-0', got[3] or '0-0', got[4] or ''
  for i, name in ipairs(names) do st[name] = num(got[i + 4] or '0') end
end

local function note_drop(position)
  if position > st.dropped_to then st.dropped_to = position end
  if position > st.head - RECENT then call('ZADD', P .. ':dropped', text(position), text(position)) end
end

local rows = {}
local function row(room)
  local r = rows[room]
  if r then return r end
  local got = call('HGET', P .. ':rooms', room)
  if got then
    local n, loose, from, trimmed = got:match('(%d+) (%d+) (%d+) (%d+)')
    r = {n = num(n), loose = num(loose), from = num(from), trimmed = num(trimmed)}
  else
    -- What an emptied, forgotten row once knew is covered by the log's own bound.
    r = {n = 0, loose = 0, from = 0, trimmed = st.trimmed_to}
    st.rooms = st.rooms + 1
  end
  rows[room] = r
  return r
end

local function save()
  for room, r in pairs(rows) do
    if r.n == 0 then
      if r.trimmed > st.trimmed_to then st.trimmed_to = r.trimmed end
      call('HDEL', P .. ':rooms', room)
      st.rooms = st.rooms - 1
    else
      call('HSET', P .. ':rooms', room, text(r.n) .. ' ' .. text(r.loose) .. ' ' .. text(r.from) .. ' ' .. text(r.trimmed))
    end
  end
  rows = {}
  if st.dropped_to > st.head - RECENT then
    call('ZREMRANGEBYSCORE', P .. ':dropped', '-inf', text(st.head - RECENT))
  end
  local out = {'epoch', st.epoch, 'last', st.last, 'passed_to', st.passed_to, 'history', st.history}
  for _, name in ipairs(names) do
    out[#out + 1] = name
    out[#out + 1] = text(st[name])
  end
  call('HSET', S, unpack(out))
end

-- Rooms travel as netstrings: "1:a,3:b c,".
local function rooms_of(packed)
  local out, at = {}, 1
  while at <= #packed do
    local colon = packed:find(':', at, true)
    local size = num(packed:sub(at, colon - 1))
    out[#out + 1] = packed:sub(colon + 1, colon + size)
    at = colon + size + 2
  end
  return out
end

local function entry(position)
  local found = call('XRANGE', P, id(position), id(position))[1]
  return found and found[2]
end

-- The first kept entry at or after a position: its position and fields.
local function next_entry(from)
  local start = id(from)
  while true do
    local found = call('XRANGE', P, start, '+', 'COUNT', 1)[1]
    if not found then return nil end
    local position, passing = found[1]:match('(%d+)-(%d+)')
    if passing == '0' then return num(position), found[2] end
    start = '(' .. found[1]
  end
end

local function unlist(position, firm, room, told)
  if call('ZREM', P .. ':room:' .. room, text(position)) == 0 then return end
  local r = row(room)
  r.n = r.n - 1
  if not firm then r.loose = r.loose - 1 end
  if not told then return end
  if position > r.trimmed then r.trimmed = position end
  note_drop(position)
end

local function listed(position, rooms)
  for _, room in ipairs(rooms) do
    if call('ZSCORE', P .. ':room:' .. room, text(position)) then return true end
  end
  return false
end

local function forget(position, f)
  call('XDEL', P, id(position))
  st.entries = st.entries - 1
  st.bytes = st.bytes - num(f[SIZE])
  if f[EXPIRES] == NEVER then
    call('ZREM', P .. ':firm', text(position))
    st.firm = st.firm - 1
    st.firm_bytes = st.firm_bytes - num(f[SIZE])
  elseif f[EXPIRES] ~= '0' then
    call('ZREM', P .. ':expiry', text(position))
  end
  if f[NEWEST] == '1' then
    local left = {}
    for each in (call('HGET', P .. ':newest', f[KEY]) or ''):gmatch('%d+') do
      if num(each) ~= position then left[#left + 1] = each end
    end
    if #left == 0 then call('HDEL', P .. ':newest', f[KEY])
    else call('HSET', P .. ':newest', f[KEY], table.concat(left, ' ')) end
  end
end

local function drop(position, f)
  if position > st.trimmed_to then st.trimmed_to = position end
  note_drop(position)
  for _, room in ipairs(rooms_of(f[ROOMS])) do unlist(position, f[EXPIRES] == NEVER, room, true) end
  st.trimmed = st.trimmed + 1
  forget(position, f)
end

-- One call drops so many at most, so that no other waits long for Redis; the next goes on.
local budget = 1000
local function may_drop()
  budget = budget - 1
  return budget >= 0
end

local function trim(now, bounds)
  for _, each in ipairs(call('ZRANGEBYSCORE', P .. ':expiry', '-inf', text(now), 'LIMIT', 0, budget)) do
    local f = entry(num(each))
    if f and may_drop() then drop(num(each), f) end
  end
  while bounds.age > 0 and st.entries > 0 and st.aging_at < now - bounds.age and budget > 0 do
    local position, f = next_entry(st.aging_from)
    if not position then
      st.aging_from, st.aging_at = st.head + 1, now
    elseif f[EXPIRES] ~= '0' then
      st.aging_from, budget = position + 1, budget - 1
    elseif num(f[TIME]) >= now - bounds.age then
      st.aging_from, st.aging_at = position, num(f[TIME])
    else
      st.aging_from = position + 1
      may_drop()
      drop(position, f)
    end
  end
  while (st.bytes > bounds.bytes or st.entries > bounds.entries) and budget > 0 do
    local firm = st.firm_bytes > bounds.bytes / 2 or st.firm > bounds.entries / 2
    local from = firm and 'firm_from' or 'loose_from'
    local position, f = next_entry(st[from])
    if not position then break end
    st[from], budget = position + 1, budget - 1
    if (f[EXPIRES] == NEVER) == firm then drop(position, f) end
  end
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. ':facts:until', '-inf', text(now), 'LIMIT', 0, 1000)) do
    call('HDEL', P .. ':facts', name)
    call('ZREM', P .. ':facts:until', name)
  end
end

-- Something that goes by all nodes in its place and is not kept.
local function pass(...)
  local before, sequence = st.last:match('(%d+)-(%d+)')
  st.last = text(st.head) .. '-' .. (num(before) == st.head and text(num(sequence) + 1) or '1')
  call('XADD', P, st.last, ...)
  call('RPUSH', P .. ':passing', st.last)
  st.passing = st.passing + 1
  while st.passing > 1000 do
    st.passed_to = call('LPOP', P .. ':passing')
    call('XDEL', P, st.passed_to)
    st.passing = st.passing - 1
  end
end

local function oldest()
  local position = next_entry(0)
  return position and text(position) or '0'
end

-- What every script but `read` answers with, before its own: where the log stands.
local function standing()
  return {st.epoch, st.last, text(st.head), st.entries > 0 and oldest() or '0', text(st.entries), text(st.bytes),
          text(st.rooms), text(st.trimmed), st.passed_to}
end
