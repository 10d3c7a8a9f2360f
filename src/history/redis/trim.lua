-- Drops what is past a bound when nothing is appended. ARGV: now (Unix ms), bounds (bytes, entries, age in ms).
-- Replies standing.
if not st.epoch then return {} end
trim(num(ARGV[1]), {bytes = num(ARGV[2]), entries = num(ARGV[3]), age = num(ARGV[4])})
save()
return standing()
