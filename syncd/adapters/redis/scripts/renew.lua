-- Extends the lease of its holder; 0 means lost. KEYS: lock, channel. ARGV: nonce, lease ms, fence.
if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[1] then
  return 0
end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'expiresAt', now_ms + tonumber(ARGV[2]), 'fence', ARGV[3], 'heartbeat', now_ms)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
