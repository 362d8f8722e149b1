-- Writes down what a process says of itself. One that was not known and has the node and worker of another takes the place
-- of that one, which is lost until it reports again. Forgets who has been lost for long, and samples the sum of followers.
--
-- KEYS  1 clock   2 seen   3 processes   4 channels   5 places   6 followers
-- ARGV  1 id of the process   2 its node and worker, such as `press-1/0`   3 its followers   4 what it says, JSON
--       5 its channels, JSON   6 ms without a report after which a process is lost   7 ms for which it stays listed
--       8 processes that are kept at most   9 ms between two samples   10 samples that are kept   11 ms after which all
--       keys expire
--
-- Returns  how many processes are lost and have no successor

local id, place = ARGV[1], ARGV[2]
local lost_after, listed_for, kept_max = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local wall, now = tick(KEYS[1])

if not redis.call('ZSCORE', KEYS[2], id) then
  local before = redis.call('HGET', KEYS[5], place)
  local row = before and before ~= id and redis.call('HGET', KEYS[3], before)
  if row then
    local at, followers, _, its_place, said = string.match(row, row_form)
    redis.call('HSET', KEYS[3], before, table.concat({ at, followers, '1', its_place, said }, ' '))
  end
  redis.call('HSET', KEYS[5], place, id)
end
redis.call('ZADD', KEYS[2], now, id)
redis.call('HSET', KEYS[3], id, table.concat({ string.format('%.0f', wall), ARGV[3], '0', place, ARGV[4] }, ' '))
redis.call('HSET', KEYS[4], id, ARGV[5])

local function forget(gone)
  for _, process in ipairs(gone) do
    local row = redis.call('HGET', KEYS[3], process)
    local its_place = row and select(4, string.match(row, row_form))
    if its_place and redis.call('HGET', KEYS[5], its_place) == process then redis.call('HDEL', KEYS[5], its_place) end
    redis.call('HDEL', KEYS[3], process)
    redis.call('HDEL', KEYS[4], process)
    redis.call('ZREM', KEYS[2], process)
  end
end
forget(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now - listed_for), 'LIMIT', 0, kept_max))
local over = redis.call('ZCARD', KEYS[2]) - kept_max
if over > 0 then forget(redis.call('ZRANGE', KEYS[2], 0, over - 1)) end

local lost = 0
for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now - lost_after))) do
  redis.call('HDEL', KEYS[4], process)
  if select(3, string.match(redis.call('HGET', KEYS[3], process) or '', row_form)) == '0' then lost = lost + 1 end
end

if now - tonumber(redis.call('HGET', KEYS[1], 'sampled') or -math.huge) >= tonumber(ARGV[9]) then
  local sum = 0
  for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('%.0f', now - lost_after), '+inf')) do
    local _, followers, replaced = string.match(redis.call('HGET', KEYS[3], process) or '', row_form)
    if replaced == '0' then sum = sum + tonumber(followers) end
  end
  redis.call('HSET', KEYS[1], 'sampled', string.format('%.0f', now))
  redis.call('RPUSH', KEYS[6], string.format('%.0f %.0f', now, sum))
  redis.call('LTRIM', KEYS[6], -tonumber(ARGV[10]), -1)
end

for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[11]) end
return lost
