-- Stands before the scripts of a write. Finds and keeps the records by which a repeated write is known. A record says
-- which row was written, "<at> <fingerprint> <row id>", and holds nothing of the row: what the repetition is answered is
-- the row as it stands then, so that no text outlives its retraction here.
--
-- The records of one writer in one channel are a hash by the names of the writes, and a list of these names, oldest first.

-- The time of the server, by which keys expire too.
local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Returns whether the write of this name has this fingerprint, and its row id; nil if no such write is remembered.
local function recorded(records, name, fingerprint, rememberMs)
  local record = redis.call('HGET', records, name)
  if not record then return nil end
  local at, mark, rowId = string.match(record, '^(%d+) (%S+) (%S*)$')
  if milliseconds() - tonumber(at) >= rememberMs then return nil end
  return mark == fingerprint, rowId
end

-- Keeps a record, and lets go of old ones: a few at a time, yet more than are added, so that their number goes down to
-- what is allowed.
local function remember(records, order, name, fingerprint, rowId, rememberMs, recordsMax)
  local now = milliseconds()
  local isNew = redis.call('HSET', records, name, string.format('%.0f %s %s', now, fingerprint, rowId)) == 1
  -- One whose time was over has left its name behind.
  if not isNew then redis.call('LREM', order, 1, name) end
  local length = redis.call('RPUSH', order, name)
  for _ = 1, 3 do
    local oldest = redis.call('LINDEX', order, 0)
    local at = string.match(redis.call('HGET', records, oldest) or '0 ', '^(%d+) ')
    if length <= recordsMax and now - tonumber(at) < rememberMs then break end
    redis.call('LPOP', order)
    redis.call('HDEL', records, oldest)
    length = length - 1
  end
  redis.call('PEXPIRE', records, rememberMs)
  redis.call('PEXPIRE', order, rememberMs)
end

