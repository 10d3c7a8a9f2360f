-- A page of what rooms hold. ARGV: after, up to, since (Unix ms; 0: no matter), newest first (0, 1), entries, bytes,
-- rooms. Replies {complete, more, entries as XRANGE gives them}.
local after, up_to, since, newest_first, limit, bytes_max =
  num(ARGV[1]), num(ARGV[2]), num(ARGV[3]), ARGV[4] == '1', num(ARGV[5]), num(ARGV[6])
local complete = 1

-- The newest position left that was appended before that time, taking times to rise with positions; 0 when none is.
local function position_before(time)
  local low, high, found = 0, st.head, 0
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local position, f = next_entry(middle)
    if position and num(f[TIME]) < time then
      found, low = position, position + 1
    else
      high = middle - 1
    end
  end
  return found
end

if since ~= 0 then
  local before = position_before(since)
  -- With nothing left from before that time, what came after it may be gone as well.
  if before == 0 and st.trimmed_to ~= 0 then complete = 0 end
  if before > after then after = before end
end

local seen, positions = {}, {}
for i = 7, #ARGV do
  local got = call('HGET', P .. ':rooms', ARGV[i])
  local trimmed = got and num(got:match('%d+$')) or st.trimmed_to
  if after < trimmed then complete = 0 end
  if got then
    local key, from, to = P .. ':room:' .. ARGV[i], '(' .. text(after), up_to
    -- One more than the bound from each room is enough to know whether the merged page is cut short.
    local found = newest_first and call('ZREVRANGEBYSCORE', key, to, from, 'LIMIT', 0, limit + 1)
      or call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, limit + 1)
    for _, each in ipairs(found) do
      if not seen[each] then
        seen[each] = true
        positions[#positions + 1] = num(each)
      end
    end
  end
end
table.sort(positions, newest_first and function(a, b) return a > b end or nil)

local out, bytes, more = {}, 0, 0
for _, position in ipairs(positions) do
  local found = call('XRANGE', P, id(position), id(position))[1]
  if found then
    bytes = bytes + #found[2][JSON]
    if #out == limit or (#out > 0 and bytes > bytes_max) then
      more = 1
      break
    end
    out[#out + 1] = found
  end
end
return {complete, more, out}
