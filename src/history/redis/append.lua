-- Appends what a node has gathered. ARGV: epoch, node, number of the call, whether it is nothing without the one before
-- it (0, 1), head that the node knows, now (Unix ms),
-- bounds (bytes, entries, entries of a room, age in ms), window of the answers (ms) and their number, number of this
-- sending, then the jobs:
--   "batch", answers, entries, answers × (key, digest, events, events × (id, position or "", of the batch or "")),
--            entries × (kept, id, type, packed rooms, time, expires, conflation key, newest, size, JSON)
--   "fact", name, number, until, content
-- Replies {standing, last stream id before, jobs, who appended it}; a job is {"ok" or the error's code, positions, known
-- answers}, or the position alone, of one entry that was not known. With nothing done it replies {"epoch"}, when the log
-- is not the one that the node knows, or {"early"}, when the call before has not been made.
local A = ARGV
local epoch, node, call_number, follows, known_head, now = A[1], A[2], A[3], A[4] == '1', num(A[5]), num(A[6])
local bounds = {bytes = num(A[7]), entries = num(A[8]), room = num(A[9]), age = num(A[10])}
local window, answers_max = A[11], num(A[12])
local at = 14  -- the next argument
local KEPT_AT, ID_AT, TYPE_AT, ROOMS_AT, TIME_AT, EXPIRES_AT, KEY_AT, NEWEST_AT, SIZE_AT, JSON_AT = 0, 1, 2, 3, 4, 5, 6,
                                                                                                    7, 8, 9
local WORDS = 10  -- of an entry

if st.epoch ~= epoch or st.head < known_head then return {'epoch'} end
-- Two calls may be under way.
local turn = num(call_number) % 2
local done_key = P .. ':done:' .. node .. ':' .. turn
local done = call('GET', done_key)
local function is_of(record, number) return record and record:match('^%d+') == number end
if is_of(done, call_number) then
  local kept = cmsgpack.unpack(done:sub(#call_number + 2))
  -- As it stood then: what has come since is not this call's.
  local stands = standing()
  stands[2], stands[3] = kept[3], kept[4]
  return {stands, kept[1], kept[2], kept[5]}
end
local other = call('GET', P .. ':done:' .. node .. ':' .. 1 - turn)
-- Sent over a connection that was given up, and come behind what another has brought since: nobody waits for it.
local function is_past(record) return record and num(record:match('^%d+')) > num(call_number) end
if is_past(done) or is_past(other) then return {'epoch'} end
if follows and not is_of(other, text(num(call_number) - 1)) then return {'early'} end
local before = st.last
-- Of this run and no other: on a log that lost its end the same call may be made again behind another beginning.
local by = node .. ':' .. call_number .. '.' .. A[13]

-- What rooms gain is listed together, when all is appended; what that drops goes after it.
local gains, gaining, firm_gains, newest = {}, {}, {}, {}
local parsed = {}  -- packed rooms -> rooms: few of them are many entries'

local function list(room)
  local gain = gains[room]
  local key = gain[2]
  local n, gained = 0, call(unpack(gain))
  n = call('ZCARD', key)
  if n == gained then
    st.rooms = st.rooms + 1
    -- What an emptied, forgotten row once knew is covered by the log's own bound.
    rows[room] = {firm = 0, from = 0, trimmed = st.trimmed_to}
  end
  if firm_gains[room] then row(room).firm = row(room).firm + firm_gains[room] end
  gains[room], firm_gains[room] = {'ZADD', key}, nil
  return n
end

-- The stream's next entry, at st.last.
local function add(i, appended_by)
  if A[i + EXPIRES_AT] == '0' and A[i + KEY_AT] == '' then
    return call('XADD', P, st.last, 'id', A[i + ID_AT], 'type', A[i + TYPE_AT], 'rooms', A[i + ROOMS_AT], 'time',
                A[i + TIME_AT], 'size', A[i + SIZE_AT], 'by', appended_by, 'json', A[i + JSON_AT])
  end
  call('XADD', P, st.last, 'id', A[i + ID_AT], 'type', A[i + TYPE_AT], 'rooms', A[i + ROOMS_AT], 'time',
       A[i + TIME_AT], 'size', A[i + SIZE_AT], 'by', appended_by, 'json', A[i + JSON_AT], 'expires',
       A[i + EXPIRES_AT], 'key', A[i + KEY_AT], 'newest', A[i + NEWEST_AT])
end

local function store(i)
  local position = st.head + 1
  local p = format('%d', position)
  st.head, st.last = position, p .. '-0'
  local packed, expires = A[i + ROOMS_AT], A[i + EXPIRES_AT]
  add(i, by)
  local size = num(A[i + SIZE_AT])
  if st.entries == 0 then st.first, first_gone = position, false end
  st.entries, st.bytes = st.entries + 1, st.bytes + size
  local firm = expires == NEVER
  if firm then
    call('ZADD', P .. ':firm', p, p)
    st.firm, st.firm_bytes = st.firm + 1, st.firm_bytes + size
  elseif expires ~= '0' then
    call('ZADD', P .. ':expiry', expires, p)
    local due = num(expires)
    if st.expiring == 0 or due < st.expiry_due then st.expiry_due = due end
    st.expiring = st.expiring + 1
  end
  local rooms = parsed[packed]
  if not rooms then
    rooms = rooms_of(packed)
    parsed[packed] = rooms
  end
  for _, room in ipairs(rooms) do
    local gain = gains[room]
    if not gain then
      gain = {'ZADD', P .. ':room:' .. room}
      gains[room] = gain
      gaining[#gaining + 1] = room
    end
    local n = #gain
    if gain[n] ~= p then  -- else it is named twice
      gain[n + 1], gain[n + 2] = p, p
      if firm then firm_gains[room] = (firm_gains[room] or 0) + 1 end
      if n > 2000 then list(room) end  -- what Lua can unpack is bounded
    end
  end
  if A[i + NEWEST_AT] == '1' then newest[#newest + 1] = {A[i + KEY_AT], rooms, position} end
  return position
end

local function settle()
  local full = {}
  for _, room in ipairs(gaining) do
    if #gains[room] > 2 then
      if list(room) > bounds.room then full[#full + 1] = room end
    elseif call('ZCARD', gains[room][2]) > bounds.room then
      full[#full + 1] = room
    end
  end
  for _, each in ipairs(newest) do keeping().supersede(unpack(each)) end
  for _, room in ipairs(full) do
    if call('ZCARD', P .. ':room:' .. room) > bounds.room then keeping().bound_room(room, bounds.room) end
  end
end

local function take_answers(n)
  local out = {}
  for i = 1, n do
    local a = {key = A[at], digest = A[at + 1], events = {}}
    local events = num(A[at + 2])
    at = at + 3
    for k = 1, events do
      a.events[k] = {A[at], A[at + 1], A[at + 2]}
      at = at + 3
    end
    out[i] = a
  end
  return out
end

-- Those of the answers that were given before, for a reply; what of the batch they are about has its position.
local function recall(answers, positions)
  local known = {}
  for i, a in ipairs(answers) do
    local packed = call('GET', P .. ':answer:' .. a.key)
    if packed then
      local stored = cmsgpack.unpack(packed)
      local out = {i - 1, stored[1]}
      for k, event in ipairs(stored[2]) do
        out[#out + 1], out[#out + 2] = event[1], num(event[2])
        local of = a.events[k] and a.events[k][3] or ''
        if of ~= '' then positions[num(of) + 1] = num(event[2]) end
      end
      a.known = true
      known[#known + 1] = out
    end
  end
  return known
end

local function remember(answers, positions)
  for _, a in ipairs(answers) do
    if not a.known then
      local events = {}
      for k, event in ipairs(a.events) do
        events[k] = {event[1], event[3] ~= '' and positions[num(event[3]) + 1] or event[2]}
      end
      call('SET', P .. ':answer:' .. a.key, cmsgpack.pack({a.digest, events}), 'PX', window)
      call('RPUSH', P .. ':answers', a.key)
      st.answers = st.answers + 1
    end
  end
  while st.answers > answers_max do
    call('DEL', P .. ':answer:' .. call('LPOP', P .. ':answers'))
    st.answers = st.answers - 1
  end
end

local function batch()
  local wanted, entries = num(A[at + 1]), num(A[at + 2])
  at = at + 3
  local answers = wanted > 0 and take_answers(wanted)
  local first = at
  at = at + entries * WORDS
  -- Storing what the bounds drop at once would promise a replay that can never be.
  local size, kept = 0, 0
  for i = first, at - 1, WORDS do
    if A[i + KEPT_AT] == '1' then size, kept = size + num(A[i + SIZE_AT]), kept + 1 end
  end
  if size > bounds.bytes or kept > bounds.entries then return {'over_limit', {}, {}} end
  if entries == 1 and kept == 1 and not answers then return store(first) end
  local positions = {}
  local known = answers and recall(answers, positions) or {}
  for n = 1, entries do
    local i = first + (n - 1) * WORDS
    if not positions[n] then
      if A[i + KEPT_AT] == '1' then
        positions[n] = store(i)
      else
        positions[n] = st.head
        pass(function() add(i, '') end)
      end
    end
  end
  if answers then remember(answers, positions) end
  return {'ok', positions, known}
end

local function fact()
  local name, number, until_ms, content = A[at + 1], A[at + 2], A[at + 3], A[at + 4]
  at = at + 5
  local value = number .. ' ' .. until_ms .. ' ' .. content
  local due = num(until_ms)
  if due <= now then
    call('HDEL', P .. ':facts', name)
    call('ZREM', P .. ':facts:until', name)
  else
    call('HSET', P .. ':facts', name, value)
    call('ZADD', P .. ':facts:until', until_ms, name)
    if st.fact_due == 0 or due < st.fact_due then st.fact_due = due end
  end
  pass(function() call('XADD', P, st.last, 'by', node, 'fact', name, 'value', value) end)
  return {'ok', {}, {}}
end

local jobs = {}
while at <= #A do
  jobs[#jobs + 1] = A[at] == 'fact' and fact() or batch()
end
settle()
trim(now, bounds)
save()
-- Its time is renewed now and then: that costs more than the rest of the command.
local kept = call_number .. ' ' .. cmsgpack.pack({before, jobs, st.last, st.head, by})
if done and num(call_number) % 64 > 1 then
  call('SET', done_key, kept, 'KEEPTTL')
else
  call('SET', done_key, kept, 'PX', 3600000)
end
return {standing(), before, jobs, by}
