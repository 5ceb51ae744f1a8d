-- Takes one turn at a rate (GCRA). Returns the microseconds to wait; 0: go on. KEYS: throttle. ARGV: interval us, burst.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local taken = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + interval
local wait = taken - tonumber(ARGV[2]) * interval - now
if wait > 0 then
  return math.ceil(wait)
end
redis.call('SET', KEYS[1], string.format('%.0f', taken), 'PX', math.ceil((taken - now) / 1000) + 1)
return 0
