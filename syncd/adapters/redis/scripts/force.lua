-- Ends a lease that Postgres has ended, and no newer one. KEYS: lock, channel. ARGV: the fence in Postgres.
-- Returns the lease's fields, or nothing.
local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or '')
-- Without a fence it was taken a moment ago and is about to be minted, or will run out.
if redis.call('HGET', KEYS[1], 'mode') ~= 'lease' or not fence or fence >= tonumber(ARGV[1]) then
  return {}
end
local fields = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[2], 'forced')
return fields
