-- Says what all processes have said of themselves, and how long ago.
--
-- KEYS  1 clock   2 seen   3 processes   4 channels   5 followers
-- ARGV  1 '1' if their channels are asked for, too
--
-- Returns  { now, processes, samples }
--             processes is flat: ms since its last report by the registry's clock, the same by that of Redis, its time by
--             the latter, '1' if it was replaced, what it said, its channels ('' if there are none) …
--             samples is a list of '<ms of the registry> <followers>'

local wall, now = tick(KEYS[1])
local seen = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local processes = {}
for i = 1, #seen, 2 do
  local row = redis.call('HGET', KEYS[3], seen[i])
  if row then
    local at, _, replaced, _, said = string.match(row, row_form)
    local channels = ARGV[1] == '1' and redis.call('HGET', KEYS[4], seen[i])
    for _, value in ipairs({ now - tonumber(seen[i + 1]), wall - tonumber(at), at, replaced, said, channels or '' }) do
      processes[#processes + 1] = value
    end
  end
end
return { now, processes, redis.call('LRANGE', KEYS[5], 0, -1) }
