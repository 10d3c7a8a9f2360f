-- A node begins, or comes back after it has lost its connection: is this still the log that it knows? ARGV: an epoch
-- for a log that begins, the epoch that the node knows or "", the newest position that it knows to have been in the
-- log, who appended that or "", the history of replication that it knows or "", then pairs of positions: what the node
-- has not seen lies in [first, last]. Replies {standing, whether something of that was dropped before it could be seen,
-- the history of replication}. A log that lost its end, or whose history is another one and which cannot show that it
-- has all, goes on under the new epoch, past every position that the node knows.
local fresh, epoch, known_head, known_by, known_history = ARGV[1], ARGV[2], num(ARGV[3]), ARGV[4], ARGV[5]
local history = call('INFO', 'replication'):match('master_replid:(%w+)') or ''

local function lost()
  if known_head == 0 then return false end
  local f = entry(known_head)
  if f then return known_by ~= '' and f[BY] ~= known_by end
  return known_history ~= '' and history ~= known_history
end

local begins = not st.epoch
-- Whatever its epoch: a log that went back to an earlier one would give positions a second time under it.
if begins or known_head > st.head or (epoch == st.epoch and lost()) then
  st.epoch = fresh
  if known_head > st.head then st.head = known_head end
  if not begins then pass(function() call('XADD', P, st.last, 'epoch', fresh) end) end
  save()
end

local missed = 0
for i = 6, #ARGV, 2 do
  local first, last = num(ARGV[i]), num(ARGV[i + 1])
  if call('ZCOUNT', P .. ':dropped', text(first), text(last)) > 0 or
     (first <= st.head - RECENT and first <= st.dropped_to) then
    missed = 1
  end
end
return {standing(), missed, history}
