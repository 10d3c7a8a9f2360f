-- A node begins, or comes back after it has lost its connection: is this still the log that it knows? ARGV: an epoch
-- for a log that begins, the epoch that the node knows or "", the newest position that it knows to have been in the
-- log, who appended that or "", then pairs of positions: what the node has not seen lies in [first, last]. Replies {standing,
-- whether something of that was dropped before it could be seen}. A log that lost its end, or whose history of replication is another one
-- and cannot prove that it has all, goes on under the new epoch, past every position that the node knows.
local fresh, epoch, known_head, known_by = ARGV[1], ARGV[2], num(ARGV[3]), ARGV[4]
local history = call('INFO', 'replication'):match('master_replid:(%w+)') or ''

local function begin_anew()
  st.epoch = fresh
  if known_head > st.head then st.head = known_head end
  pass('epoch', fresh)
end

if not st.epoch then
  st.epoch = fresh
  if known_head > st.head then st.head = known_head end
elseif epoch == st.epoch then
  local f = known_head > 0 and entry(known_head)
  if known_head > st.head or (f and known_by ~= '' and f[BY] ~= known_by) or (not f and known_head > 0 and history ~= st.history) then
    begin_anew()
  end
end
st.history = history
save()

local missed = 0
for i = 5, #ARGV, 2 do
  local first, last = num(ARGV[i]), num(ARGV[i + 1])
  if call('ZCOUNT', P .. ':dropped', text(first), text(last)) > 0 or
     (first <= st.head - RECENT and first <= st.dropped_to) then
    missed = 1
  end
end
return {standing(), missed}
