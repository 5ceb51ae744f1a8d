-- Shows what Postgres says of a freeze. KEYS: lock, channel. ARGV: freeze id (empty: none stands), lockedBy, lockedAt, expiresAt, reason, fence.
-- Returns 1 where it changed something.
local nonce = redis.call('HGET', KEYS[1], 'nonce')
local mode = redis.call('HGET', KEYS[1], 'mode')
if ARGV[1] == '' then
  if mode ~= 'freeze' then
    return 0
  end
  redis.call('DEL', KEYS[1])
  redis.call('PUBLISH', KEYS[2], 'unfrozen')
  return 1
end
-- A lease of a newer fence was taken after this freeze had ended: who says otherwise is late.
local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or '')
if nonce == 'freeze:' .. ARGV[1] or (mode == 'lease' and fence and fence > tonumber(ARGV[6])) then
  return 0
end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'nonce', 'freeze:' .. ARGV[1], 'mode', 'freeze', 'lockedBy', ARGV[2], 'lockedAt', ARGV[3],
  'expiresAt', ARGV[4], 'reason', ARGV[5], 'kind', 'freeze', 'host', '', 'fence', ARGV[6], 'heartbeat', now_ms)
redis.call('PUBLISH', KEYS[2], 'frozen')
return 1
