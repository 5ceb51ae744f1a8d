-- Whether a caller may spend now: syncd/core/allowances.py, `spend`. Times are microseconds.
-- KEYS: allowance. ARGV: units, unit time, burst time, now.
-- Returns the microseconds to wait; 0: the units were taken. The key ends when the bucket is full.
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local burst = tonumber(ARGV[3])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local start = math.min(math.max(full_at, now), now + burst)
local after = start + math.min(tonumber(ARGV[1]) * tonumber(ARGV[2]), burst)
local wait = after - burst - now
if wait > 0 then
  return math.ceil(wait)
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return 0
