-- What every script of the log begins with: the keys, the counters, and how entries are found. KEYS[1] is the stream;
-- all other keys begin with its name, so that they lie in its slot of a cluster.
--   <log>                stream   a kept event is <position>-0; what passes without being kept, <head>-1, <head>-2, …
--   <log>:state          string   epoch, head, last stream id, usage, how far the bounds have come (STATE)
--   <log>:room:<room>    zset     positions of the room's kept events
--   <log>:rooms          hash     room -> "<firm entries> <loose from> <trimmed to>"
--   <log>:expiry, :firm  zset     positions with an expiry of their own, by it; positions that never expire
--   <log>:dropped        zset     of the newest positions, those that a bound took from a room: who reads late missed them
--   <log>:newest         hash     conflation key -> positions, of entries that take an earlier one's place
--   <log>:passing        list     stream ids of what passes, oldest first
--   <log>:passed         string   the newest of those that are gone: who has not read as far has missed some
--   <log>:answer:<key>   string   how a publisher was answered; it expires. :answers list of the keys, oldest first
--   <log>:facts          hash     name -> "<number> <until> <content>"; :facts:until zset
--   <log>:done:<node>:<0, 1>      the last two calls of a node and their replies, for when it has to ask again
-- A script's functions are made anew with every call, so there are few here; keep.lua's are made when one is needed.
local P = KEYS[1]
local S = P .. ':state'
local call, num, format = redis.call, tonumber, string.format
local NEVER = '-1'
local RECENT = 5000  -- positions that :dropped knows about
local PASSING = 10000  -- stream entries of what passes: how far a node may lag and hear all of it
-- Where a field's value stands in a stream entry, which is a flat list of names and values; the last three are left out
-- where they say nothing.
local TYPE, ROOMS, TIME, SIZE, BY, JSON, EXPIRES, KEY, NEWEST = 4, 6, 8, 10, 12, 14, 16, 18, 20

-- Redis writes whole numbers in full; Lua's own conversion would round them.
local function text(number) return format('%d', number) end
local function id(position) return format('%d-0', position) end

-- Unpacked and packed with every call, which MessagePack would take ten times as long for.
local STATE = '<ssddddddddddddddddddd'
local st = {last = '0-0', head = 0, first = 0, entries = 0, bytes = 0, firm = 0, firm_bytes = 0, expiring = 0,
            expiry_due = 0, rooms = 0, trimmed = 0, trimmed_to = 0, dropped_to = 0, aging_from = 0, aging_at = 0,
            loose_from = 0, firm_from = 0, passing = 0, answers = 0, fact_due = 0}
local stored = call('GET', S)
if stored then
  st.epoch, st.last, st.head, st.first, st.entries, st.bytes, st.firm, st.firm_bytes, st.expiring, st.expiry_due,
    st.rooms, st.trimmed, st.trimmed_to, st.dropped_to, st.aging_from, st.aging_at, st.loose_from, st.firm_from,
    st.passing, st.answers, st.fact_due = struct.unpack(STATE, stored)
end
local first_gone = false  -- st.first is the place of an entry that is not there any more

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

local function fields(found)
  local f = found[2]
  f[EXPIRES] = f[EXPIRES] or '0'
  return f
end
local function entry(position)
  local found = call('XRANGE', P, id(position), id(position))[1]
  return found and fields(found)
end

-- The first kept entry at or after a position: its position and fields.
local function next_entry(from)
  local start = id(from)
  while true do
    local found = call('XRANGE', P, start, '+', 'COUNT', 1)[1]
    if not found then return nil end
    local position, passing = found[1]:match('(%d+)-(%d+)')
    if passing == '0' then return num(position), fields(found) end
    start = '(' .. found[1]
  end
end

local function save()
  for room, r in pairs(rows) do
    call('HSET', P .. ':rooms', room, format('%d %d %d', r.firm, r.from, r.trimmed))
  end
  rows = {}
  if first_gone then
    st.first = st.entries > 0 and next_entry(st.first + 1) or 0
    first_gone = false
  end
  call('SET', S, struct.pack(STATE, st.epoch, st.last, st.head, st.first, st.entries, st.bytes, st.firm, st.firm_bytes,
                             st.expiring, st.expiry_due, st.rooms, st.trimmed, st.trimmed_to, st.dropped_to,
                             st.aging_from, st.aging_at, st.loose_from, st.firm_from, st.passing, st.answers,
                             st.fact_due))
end

-- Something that goes by all nodes in its place and is not kept: `add` appends it at st.last.
local function pass(add)
  local before, sequence = st.last:match('(%d+)-(%d+)')
  st.last = text(st.head) .. '-' .. (num(before) == st.head and text(num(sequence) + 1) or '1')
  add()
  call('RPUSH', P .. ':passing', st.last)
  st.passing = st.passing + 1
  while st.passing > PASSING do
    local gone = call('LPOP', P .. ':passing')
    call('XDEL', P, gone)
    call('SET', P .. ':passed', gone)
    st.passing = st.passing - 1
  end
end

-- What every script but `read` answers with, before its own: where the log stands. After save().
local function standing()
  return {st.epoch, st.last, st.head, st.first, st.entries, st.bytes, st.rooms, st.trimmed}
end
