-- Takes the lock of a project, or says who has it.
-- KEYS: lock, channel. ARGV: nonce, lease ms, lockedBy, reason, kind, host.
-- Idempotent by nonce: the client may not know whether its first call arrived.
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local lease_ms = tonumber(ARGV[2])
local nonce = redis.call('HGET', KEYS[1], 'nonce')
local clamped = 0
if nonce and nonce ~= ARGV[1] then
  local left = redis.call('PTTL', KEYS[1])
  -- A clock that jumped back must not make a lease last for hours: no lease is longer than the longest one.
  if redis.call('HGET', KEYS[1], 'mode') == 'lease' and left > lease_ms then
    redis.call('PEXPIRE', KEYS[1], lease_ms)
    clamped = 1
  end
  return {0, clamped, redis.call('HGETALL', KEYS[1])}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'nonce', ARGV[1], 'mode', 'lease', 'lockedBy', ARGV[3], 'lockedAt', now_ms,
  'expiresAt', now_ms + lease_ms, 'reason', ARGV[4], 'kind', ARGV[5], 'host', ARGV[6], 'fence', '', 'heartbeat', now_ms)
redis.call('PEXPIRE', KEYS[1], lease_ms)
redis.call('PUBLISH', KEYS[2], 'acquired')
return {1, 0, {}}
