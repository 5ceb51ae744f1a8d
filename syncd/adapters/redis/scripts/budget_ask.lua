-- Whether a request may go now: syncd/core/budgets.py, `ask`. Times are microseconds.
-- KEYS: budget, slots. ARGV: nonce, resource, points, reserve share, concurrency, interval, burst points, longest pace, slot, now.
-- Returns {verdict, wait, reason}: 0 go after wait, 1 full, 2 wait. Idempotent by nonce while its slot stands.
local now = tonumber(ARGV[10])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local resource, slot = ARGV[2], tonumber(ARGV[9])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
local known = redis.call('ZSCORE', KEYS[2], ARGV[1])
if known then
  return {0, math.max(0, tonumber(known) - slot - now), ''}
end
local fields = redis.call('HMGET', KEYS[1], 'paused_until', 'pause_reason', 'limit:' .. resource, 'remaining:' .. resource,
  'ends_at:' .. resource, 'arrival:' .. resource)
local paused_until = tonumber(fields[1] or '0')
if paused_until > now then
  return {2, paused_until - now, fields[2]}
end
local busy = redis.call('ZCARD', KEYS[2])
if fields[3] and tonumber(fields[5]) > now then
  local remaining, reserve = tonumber(fields[4]), math.floor(tonumber(fields[3]) * tonumber(ARGV[4]))
  if remaining <= reserve then
    return {2, tonumber(fields[5]) - now, 'primary'}
  end
  if remaining - busy <= reserve then
    return {1, 0, ''}
  end
end
if busy >= tonumber(ARGV[5]) then
  return {1, 0, ''}
end
local interval = tonumber(ARGV[6])
local arrival = math.max(tonumber(fields[6] or '0'), now) + tonumber(ARGV[3]) * interval
local delay = math.max(0, arrival - tonumber(ARGV[7]) * interval - now)
if delay > tonumber(ARGV[8]) then
  return {2, delay, 'pace'}
end
redis.call('HSET', KEYS[1], 'arrival:' .. resource, string.format('%.0f', arrival))
redis.call('ZADD', KEYS[2], string.format('%.0f', now + delay + slot), ARGV[1])
redis.call('PEXPIRE', KEYS[2], math.ceil((delay + slot) / 1000))
local keep = math.ceil((arrival - now) / 1000) + 1000
if redis.call('PTTL', KEYS[1]) < keep then
  redis.call('PEXPIRE', KEYS[1], keep)
end
return {0, delay, ''}
