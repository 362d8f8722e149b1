-- Before the registry's scripts: a clock that no jump of a clock moves. It goes by the clock of Redis, but never back, and
-- by no more than 4 s from one script to the next. Any process that reports runs a script every 2 s. So a longer pause means
-- that nobody could report, and nobody is lost for that.

local pause_ms_max = 4000

-- Takes the key of the clock. Returns the time of Redis and that of the registry, both in ms.
local function tick(key)
  local time = redis.call('TIME')
  local wall = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local before = redis.call('HMGET', key, 'wall', 'now')
  local now = tonumber(before[2] or 0)
  if before[1] then now = now + math.min(math.max(wall - tonumber(before[1]), 0), pause_ms_max) end
  redis.call('HSET', key, 'wall', string.format('%.0f', wall), 'now', string.format('%.0f', now))
  return wall, now
end

-- A process's row: the time of Redis at its last report, its followers, '1' if another process has taken its place, its
-- node and worker, and what it said.
local row_form = '^(%d+) (%d+) ([01]) (%S+) (.*)$'
