-- What is dropped, and why: entries that a newer one takes the place of, that expire, or that are past a bound.
local made
local function keeping()
  if made then return made end

  local function note_drop(position)
    if position > st.dropped_to then st.dropped_to = position end
    if position > st.head - RECENT then call('ZADD', P .. ':dropped', position, position) end
    call('ZREMRANGEBYSCORE', P .. ':dropped', '-inf', st.head - RECENT)
  end

  local function end_room(room, r)
    st.rooms = st.rooms - 1
    if r.trimmed > st.trimmed_to then st.trimmed_to = r.trimmed end
    rows[room] = nil
    call('HDEL', P .. ':rooms', room)
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
    if position == st.first then first_gone = true end
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

  -- The entry at `position` takes the place of those of its key, in its rooms.
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

  local function bound_room(room, most)
    local r = row(room)
    while call('ZCARD', P .. ':room:' .. room) - r.firm > most and drop_oldest_of(room, r) do end
  end

  -- One call drops so many at most, so that no other waits long for Redis; the next goes on.
  local budget = 1000
  local function trim_expired(now)
    for _, each in ipairs(call('ZRANGEBYSCORE', P .. ':expiry', '-inf', now, 'LIMIT', 0, budget)) do
      local f = entry(num(each))
      budget = budget - 1
      if f then drop(num(each), f) end
    end
    st.expiry_due = num(call('ZRANGE', P .. ':expiry', 0, 0, 'WITHSCORES')[2] or '0')
  end
  local function trim_aged(now, age)
    while st.entries > 0 and st.aging_at < now - age and budget > 0 do
      local position, f = next_entry(st.aging_from)
      budget = budget - 1
      if not position then
        st.aging_from, st.aging_at = st.head + 1, now
      elseif f[EXPIRES] ~= '0' then
        st.aging_from = position + 1
      elseif num(f[TIME]) >= now - age then
        st.aging_from, st.aging_at = position, num(f[TIME])
      else
        st.aging_from = position + 1
        drop(position, f)
      end
    end
  end
  local function trim_sizes(bounds)
    while (st.bytes > bounds.bytes or st.entries > bounds.entries) and budget > 0 do
      local firm = st.firm_bytes > bounds.bytes / 2 or st.firm > bounds.entries / 2
      local from = firm and 'firm_from' or 'loose_from'
      local position, f = next_entry(st[from])
      if not position then break end
      st[from], budget = position + 1, budget - 1
      if (f[EXPIRES] == NEVER) == firm then drop(position, f) end
    end
  end
  local function trim_facts(now)
    for _, name in ipairs(call('ZRANGEBYSCORE', P .. ':facts:until', '-inf', now, 'LIMIT', 0, 1000)) do
      call('HDEL', P .. ':facts', name)
      call('ZREM', P .. ':facts:until', name)
    end
    st.fact_due = num(call('ZRANGE', P .. ':facts:until', 0, 0, 'WITHSCORES')[2] or '0')
  end
  made = {supersede = supersede, bound_room = bound_room, trim_expired = trim_expired, trim_aged = trim_aged,
          trim_sizes = trim_sizes, trim_facts = trim_facts}
  return made
end

local function trim(now, bounds)
  if st.expiring > 0 and now >= st.expiry_due then keeping().trim_expired(now) end
  if bounds.age > 0 and st.entries > 0 and st.aging_at < now - bounds.age then
    keeping().trim_aged(now, bounds.age)
  end
  if st.bytes > bounds.bytes or st.entries > bounds.entries then keeping().trim_sizes(bounds) end
  if st.fact_due ~= 0 and now >= st.fact_due then keeping().trim_facts(now) end
end
