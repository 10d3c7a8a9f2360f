-- Appends what a node has gathered. ARGV: epoch, node, number of the call, head that the node knows, now (Unix ms),
-- bounds (bytes, entries, entries of a room, age in ms), window of the answers (ms) and their number, then the jobs:
--   "batch", answers, entries, answers × (key, digest, events, events × (id, position or "", of the batch or "")),
--            entries × (kept, id, type, packed rooms, time, expires, conflation key, newest, size, JSON)
--   "fact", name, number, until, content
-- Replies {standing, last stream id before, jobs}; a job is {"ok" or the error's code, positions, known answers}; or
-- {"epoch"}, with nothing done, when the log is not the one that the node knows.
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end
local function count() return num(take()) end

local epoch, node, call_number, known_head, now = take(), take(), take(), count(), count()
local bounds = {bytes = count(), entries = count(), room = count(), age = count()}
local window, answers_max = take(), count()
if st.epoch ~= epoch or st.head < known_head then return {'epoch'} end
local done_key = P .. ':done:' .. node
local done = call('GET', done_key)
if done and done:match('^%d+') == call_number then return cmsgpack.unpack(done:sub(#call_number + 2)) end
local before = st.last

local function supersede(key, rooms, position)
  local left = {}
  for each in (call('HGET', P .. ':newest', key) or ''):gmatch('%d+') do
    local f = entry(num(each))
    if f then
      for _, room in ipairs(rooms) do unlist(num(each), f[EXPIRES] == NEVER, room, false) end
      if listed(num(each), rooms_of(f[ROOMS])) then left[#left + 1] = each else forget(num(each), f) end
    end
  end
  left[#left + 1] = text(position)
  call('HSET', P .. ':newest', key, table.concat(left, ' '))
end

local function drop_oldest_of(room, r)
  while true do
    local each = call('ZRANGEBYSCORE', P .. ':room:' .. room, r.from, '+inf', 'LIMIT', 0, 1)[1]
    if not each then return false end
    local position = num(each)
    r.from = position
    local f = entry(position)
    if f[EXPIRES] ~= NEVER then
      unlist(position, false, room, true)
      if not listed(position, rooms_of(f[ROOMS])) then
        st.trimmed = st.trimmed + 1
        forget(position, f)
      end
      return true
    end
    r.from = position + 1
  end
end

local function store(e)
  local position = st.head + 1
  st.head, st.last = position, id(position)
  call('XADD', P, st.last, 'id', e.id, 'type', e.type, 'rooms', e.rooms, 'time', e.time, 'expires', e.expires, 'key',
       e.key, 'newest', e.newest, 'size', e.size, 'by', node .. ':' .. call_number, 'json', e.json)
  st.entries, st.bytes = st.entries + 1, st.bytes + num(e.size)
  local firm = e.expires == NEVER
  if firm then
    call('ZADD', P .. ':firm', position, position)
    st.firm, st.firm_bytes = st.firm + 1, st.firm_bytes + num(e.size)
  elseif e.expires ~= '0' then
    call('ZADD', P .. ':expiry', e.expires, position)
    st.expiring = st.expiring + 1
  end
  local rooms, full = rooms_of(e.rooms), {}
  for _, room in ipairs(rooms) do
    local key = P .. ':room:' .. room
    if call('ZADD', key, position, position) == 1 then  -- 0: named twice
      local n = call('ZCARD', key)
      if n == 1 then begin_room(room) end
      if firm then row(room).firm = row(room).firm + 1 end
      if n > bounds.room then full[#full + 1] = room end
    end
  end
  if e.newest == '1' then supersede(e.key, rooms, position) end
  for _, room in ipairs(full) do
    local r = row(room)
    while call('ZCARD', P .. ':room:' .. room) - r.firm > bounds.room and drop_oldest_of(room, r) do end
  end
  return position
end

local function take_answers(n)
  local out = {}
  for i = 1, n do
    local a = {key = take(), digest = take(), events = {}}
    for k = 1, count() do
      a.events[k] = {take(), take(), take()}
    end
    out[i] = a
  end
  return out
end

local function take_entries(n)
  local out, size, kept = {}, 0, 0
  for i = 1, n do
    local e = {kept = take(), id = take(), type = take(), rooms = take(), time = take(), expires = take(), key = take(),
               newest = take(), size = take(), json = take()}
    if e.kept == '1' then size, kept = size + num(e.size), kept + 1 end
    out[i] = e
  end
  return out, size, kept
end

local function batch()
  local wanted, entries_count = count(), count()
  local answers = take_answers(wanted)
  local entries, size, kept = take_entries(entries_count)
  -- Storing what the bounds drop at once would promise a replay that can never be.
  if size > bounds.bytes or kept > bounds.entries then return {'over_limit', {}, {}} end
  local positions, known = {}, {}
  for i, a in ipairs(answers) do
    local packed = call('GET', P .. ':answer:' .. a.key)
    if packed then
      local stored = cmsgpack.unpack(packed)
      local out = {text(i - 1), stored[1]}
      for k, event in ipairs(stored[2]) do
        out[#out + 1], out[#out + 2] = event[1], event[2]
        local of = a.events[k] and a.events[k][3] or ''
        if of ~= '' then positions[num(of) + 1] = event[2] end
      end
      a.known = true
      known[#known + 1] = out
    end
  end
  for i, e in ipairs(entries) do
    if not positions[i] then
      if e.kept == '1' then
        positions[i] = text(store(e))
      else
        positions[i] = text(st.head)
        pass('id', e.id, 'type', e.type, 'rooms', e.rooms, 'time', e.time, 'expires', e.expires, 'key', e.key, 'newest',
             '0', 'size', e.size, 'by', '', 'json', e.json)
      end
    end
  end
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
  return {'ok', positions, known}
end

local function fact()
  local name, number, until_ms, content = take(), take(), take(), take()
  local value = number .. ' ' .. until_ms .. ' ' .. content
  if num(until_ms) <= now then
    call('HDEL', P .. ':facts', name)
    call('ZREM', P .. ':facts:until', name)
  else
    call('HSET', P .. ':facts', name, value)
    call('ZADD', P .. ':facts:until', until_ms, name)
    local due = num(until_ms)
    if st.fact_due == 0 or due < st.fact_due then st.fact_due = due end
  end
  pass('by', node, 'fact', name, 'value', value)
  return {'ok', {}, {}}
end

local jobs = {}
while at < #ARGV do
  jobs[#jobs + 1] = take() == 'fact' and fact() or batch()
end
trim(now, bounds)
save()
local reply = {standing(), before, jobs}
call('SET', done_key, call_number .. ' ' .. cmsgpack.pack(reply), 'PX', 3600000)
return reply
