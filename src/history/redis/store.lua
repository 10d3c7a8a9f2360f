-- What every script of the log begins with: the keys, the counters, and how entries go. KEYS[1] is the stream; all
-- other keys begin with its name, so that they lie in its slot of a cluster.
--   <log>                stream   a kept event is <position>-0; what passes without being kept, <head>-1, <head>-2, …
--   <log>:state          string   epoch, head, last stream id, usage, how far the bounds have come: a MessagePack map
--   <log>:room:<room>    zset     positions of the room's kept events
--   <log>:rooms          hash     room -> "<firm entries> <loose from> <trimmed to>"
--   <log>:expiry, :firm  zset     positions with an expiry of their own, by it; positions that never expire
--   <log>:dropped        zset     of the newest positions, those that a bound took from a room: who reads late missed them
--   <log>:newest         hash     conflation key -> positions, of entries that take an earlier one's place
--   <log>:passing        list     stream ids of what passes, oldest first
--   <log>:passed         string   the newest of those that are gone: who has not read as far has missed some
--   <log>:answer:<key>   string   how a publisher was answered; it expires. :answers list of the keys, oldest first
--   <log>:facts          hash     name -> "<number> <until> <content>"; :facts:until zset
--   <log>:done:<node>    string   the last call of a node and its reply, for when it has to ask again
local P = KEYS[1]
local S = P .. ':state'
local call, num = redis.call, tonumber
local NEVER = '-1'
local RECENT = 5000  -- positions that :dropped knows about
local PASSING = 10000  -- stream entries of what passes: how far a node may lag and hear all of it
-- Where a field's value stands in a stream entry, which is a flat list of names and values.
local TYPE, ROOMS, TIME, EXPIRES, KEY, NEWEST, SIZE, BY, JSON = 4, 6, 8, 10, 12, 14, 16, 18, 20

-- Redis writes whole numbers in full; Lua's own conversion would round them.
local function text(number) return string.format('%.0f', number) end
local function id(position) return string.format('%.0f-0', position) end

local st = {last = '0-0', head = 0, entries = 0, bytes = 0, firm = 0, firm_bytes = 0,
            expiring = 0, rooms = 0, trimmed = 0, trimmed_to = 0, dropped_to = 0, aging_from = 0, aging_at = 0,
            loose_from = 0, firm_from = 0, passing = 0, answers = 0, fact_due = 0}
local stored = call('GET', S)
if stored then st = cmsgpack.unpack(stored) end

local function note_drop(position)
  if position > st.dropped_to then st.dropped_to = position end
  if position > st.head - RECENT then call('ZADD', P .. ':dropped', position, position) end
end

-- A room's row is made with its first entry, and read again only for the bounds.
local rows = {}
local function row(room)
  local r = rows[room]
  if r then return r end
  local firm, from, trimmed = call('HGET', P .. ':rooms', room):match('(%d+) (%d+) (%d+)')
  r = {firm = num(firm), from = num(from), trimmed = num(trimmed)}
  rows[room] = r
  return r
end
local function begin_room(room)
  st.rooms = st.rooms + 1
  -- What an emptied, forgotten row once knew is covered by the log's own bound.
  rows[room] = {firm = 0, from = 0, trimmed = st.trimmed_to}
end
local function end_room(room, r)
  st.rooms = st.rooms - 1
  if r.trimmed > st.trimmed_to then st.trimmed_to = r.trimmed end
  rows[room] = nil
  call('HDEL', P .. ':rooms', room)
end

local function save()
  for room, r in pairs(rows) do
    call('HSET', P .. ':rooms', room, string.format('%.0f %.0f %.0f', r.firm, r.from, r.trimmed))
  end
  rows = {}
  if st.dropped_to > st.head - RECENT then
    call('ZREMRANGEBYSCORE', P .. ':dropped', '-inf', st.head - RECENT)
  end
  call('SET', S, cmsgpack.pack(st))
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
  local key = P .. ':room:' .. room
  if call('ZREM', key, position) == 0 then return end
  local r = row(room)
  if firm then r.firm = r.firm - 1 end
  if told then
    if position > r.trimmed then r.trimmed = position end
    note_drop(position)
  end
  if call('ZCARD', key) == 0 then end_room(room, r) end
end

local function listed(position, rooms)
  for _, room in ipairs(rooms) do
    if call('ZSCORE', P .. ':room:' .. room, position) then return true end
  end
  return false
end

local function forget(position, f)
  call('XDEL', P, id(position))
  st.entries = st.entries - 1
  st.bytes = st.bytes - num(f[SIZE])
  if f[EXPIRES] == NEVER then
    call('ZREM', P .. ':firm', position)
    st.firm = st.firm - 1
    st.firm_bytes = st.firm_bytes - num(f[SIZE])
  elseif f[EXPIRES] ~= '0' then
    call('ZREM', P .. ':expiry', position)
    st.expiring = st.expiring - 1
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
  if st.expiring > 0 then
    for _, each in ipairs(call('ZRANGEBYSCORE', P .. ':expiry', '-inf', now, 'LIMIT', 0, budget)) do
      local f = entry(num(each))
      if f and may_drop() then drop(num(each), f) end
    end
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
  if st.fact_due == 0 or now < st.fact_due then return end
  for _, name in ipairs(call('ZRANGEBYSCORE', P .. ':facts:until', '-inf', now, 'LIMIT', 0, 1000)) do
    call('HDEL', P .. ':facts', name)
    call('ZREM', P .. ':facts:until', name)
  end
  st.fact_due = num(call('ZRANGE', P .. ':facts:until', 0, 0, 'WITHSCORES')[2] or '0')
end

-- Something that goes by all nodes in its place and is not kept.
local function pass(...)
  local before, sequence = st.last:match('(%d+)-(%d+)')
  st.last = text(st.head) .. '-' .. (num(before) == st.head and text(num(sequence) + 1) or '1')
  call('XADD', P, st.last, ...)
  call('RPUSH', P .. ':passing', st.last)
  st.passing = st.passing + 1
  while st.passing > PASSING do
    local gone = call('LPOP', P .. ':passing')
    call('XDEL', P, gone)
    call('SET', P .. ':passed', gone)
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
          text(st.rooms), text(st.trimmed)}
end
