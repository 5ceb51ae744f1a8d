-- Takes one unit of an allowance, there or not: syncd/core/allowances.py, `charge`. Times are microseconds.
-- KEYS: allowance. ARGV: unit time, burst time, now.
-- Returns the microseconds until a further unit can be had; 0: at once. The key ends when the bucket is full.
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local unit, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local after = math.min(math.max(full_at, now) + unit, now + 2 * burst)
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return math.max(0, math.ceil(after + unit - burst - now))
