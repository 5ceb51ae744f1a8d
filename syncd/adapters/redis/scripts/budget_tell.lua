-- What an answer said: syncd/core/budgets.py, `tell`. Times are microseconds, but reset, which is GitHub's epoch second.
-- KEYS: budget, slots. ARGV: nonce, resource, limited (0, 1, or empty: no answer came), limit (or empty), remaining, reset,
-- time to the reset, retry after (or empty), first pause, longest pause, jitter, same reset seconds, now.
local now = tonumber(ARGV[13])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[3] == '' then
  return 0
end
local function as_text(number) return string.format('%.0f', number) end
local function keep(microseconds)
  local milliseconds = math.ceil(microseconds / 1000)
  if redis.call('PTTL', KEYS[1]) < milliseconds then
    redis.call('PEXPIRE', KEYS[1], milliseconds)
  end
end
local resource, limited = ARGV[2], ARGV[3] == '1'
if ARGV[4] ~= '' then
  local fields = redis.call('HMGET', KEYS[1], 'limit:' .. resource, 'remaining:' .. resource, 'reset:' .. resource, 'ends_at:' .. resource)
  local remaining, reset, same, old = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[12]), false
  if fields[1] == ARGV[4] and tonumber(fields[4]) > now then
    local known = tonumber(fields[3])
    old = reset < known - same
    if not old and reset <= known + same then
      remaining = math.min(remaining, tonumber(fields[2]))
    end
  end
  if not old then
    redis.call('HSET', KEYS[1], 'limit:' .. resource, ARGV[4], 'remaining:' .. resource, as_text(remaining),
      'reset:' .. resource, ARGV[6], 'ends_at:' .. resource, as_text(now + tonumber(ARGV[7])))
    keep(tonumber(ARGV[7]) + 1000)
  end
end
local paused_until = tonumber(redis.call('HGET', KEYS[1], 'paused_until') or '0')
if not limited then
  if paused_until <= now then
    redis.call('HDEL', KEYS[1], 'strikes')
  end
elseif ARGV[8] ~= '' then
  local wanted = math.max(paused_until, now + tonumber(ARGV[8]))
  redis.call('HSET', KEYS[1], 'paused_until', as_text(wanted), 'pause_reason', 'retry_after')
  keep(wanted - now)
elseif paused_until <= now and not (ARGV[4] ~= '' and tonumber(ARGV[5]) == 0) then
  local strikes = tonumber(redis.call('HGET', KEYS[1], 'strikes') or '0')
  local pause = math.min(tonumber(ARGV[10]), tonumber(ARGV[9]) * 2 ^ math.min(strikes, 10)) * tonumber(ARGV[11])
  redis.call('HSET', KEYS[1], 'strikes', strikes + 1, 'paused_until', as_text(now + pause), 'pause_reason', 'secondary')
  -- Longer than the pause: the next one is to be twice as long.
  keep(2 * pause)
end
return 0
