-- Commits one change of a channel, all or nothing. It knows no field of a post: a row is text to it, led by an envelope
-- "<version> <offset> <born> <bornAt> <at> " (offset of the row's last change and of its first one, both with their
-- times in milliseconds).
--
-- KEYS  1 meta   2 log   3 rows   4 once   5 channels of the partition   6… indexes (sorted sets of row ids)
-- ARGV  1 row id; '' is the channel's own row
--       2 version that was read; '0': the row must be new
--       3 row as JSON
--       4 type of the change; '' creates the channel, which takes no offset
--       5 now, milliseconds
--       6 fingerprint of the request        7 how long to remember the answer, milliseconds
--       8 log entries to keep               9 rows the channel may have
--      10 epoch to take, where the channel is to be created or the server's history is another one
--      11 channels the partition may have  12 channel's id
--      13… one word for each index, in the order of KEYS: 'add' (score: the row's first offset), 'touch' (score: this
--          offset), 'drop', or 'max:<n>:<score word>' as add or touch where the index may not grow past n
--
-- Returns  { 'done', epoch, envelope, history }
--          { 'repeat', epoch, envelope, history, row id, row }   the same write was done before: its answer
--             history names the server's own, for whoever has replicas confirm the write
--          { 'reused' }                         the key was used for another request
--          { 'stale', version }                 the row has another version by now (0: there is none)
--          { 'exists' } { 'no-channel' } { 'rows-full' } { 'channels-full' } { 'index-full' }

local meta, log, rows, once, channels = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local rowId, version, json, kind = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local now, fingerprint, rememberMs = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local keep, rowsMax, word = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]

local state = redis.call('HMGET', meta, 'epoch', 'head', 'floor', 'lastAt', 'history')
local head, floor = tonumber(state[2]), tonumber(state[3])
local lastAt = tonumber(state[4]) or 0
local epoch, history = standing(meta, state[1] or word, state[5], word)

-- Where the answer is here, so is the write: they were made in one step. So its offset counts in the present epoch.
local first = redis.call('GET', once)
if first then
  local mark, envelope, id, row = string.match(first, '^(%S+) (%d+ %d+ %d+ %d+ %d+) (%S*) (.*)$')
  if mark ~= fingerprint then return { 'reused' } end
  return { 'repeat', epoch, envelope, history, id, row }
end

if kind == '' then
  if state[1] then return { 'exists' } end
  if redis.call('ZCARD', channels) >= tonumber(ARGV[11]) then return { 'channels-full' } end
  head, floor = 0, 0
elseif not state[1] then
  return { 'no-channel' }
end

-- A clock that is behind another node's, or jumps back, must not turn the order round: time goes up by one at least.
local at = math.max(now, lastAt + 1)

local before = redis.call('HGET', rows, rowId)
local born, bornAt = nil, at
if before then
  local v, b, bAt = string.match(before, '^(%d+) %d+ (%d+) (%d+) ')
  if tonumber(v) ~= version then return { 'stale', tonumber(v) } end
  born, bornAt = tonumber(b), tonumber(bAt)
else
  if version ~= 0 then return { 'stale', 0 } end
  if redis.call('HLEN', rows) >= rowsMax then return { 'rows-full' } end
end

for i = 6, #KEYS do
  local most = string.match(ARGV[i + 7], '^max:(%d+):')
  if most and redis.call('ZCARD', KEYS[i]) >= tonumber(most) and not redis.call('ZSCORE', KEYS[i], rowId) then
    return { 'index-full' }
  end
end

local offset = head
if kind ~= '' then offset = head + 1 end
born = born or offset

-- Numbers are written with %.0f: Lua's own form turns to an exponent at 1e14.
local envelope = string.format('%.0f %.0f %.0f %.0f %.0f', version + 1, offset, born, bornAt, at)
redis.call('HSET', rows, rowId, envelope .. ' ' .. json)
if kind ~= '' then
  redis.call('XADD', log, string.format('%.0f-0', offset), 't', kind, 'r', rowId, 'a', string.format('%.0f', at))
end
for i = 6, #KEYS do
  local word = string.gsub(ARGV[i + 7], '^max:%d+:', '')
  if word == 'drop' then
    redis.call('ZREM', KEYS[i], rowId)
  elseif word == 'touch' then
    redis.call('ZADD', KEYS[i], offset, rowId)
  else
    redis.call('ZADD', KEYS[i], born, rowId)
  end
end
-- Trimmed a tenth at a time: one command in many writes, and the log never exceeds what is promised by more.
if offset - floor > keep + math.ceil(keep / 10) then
  floor = offset - keep
  redis.call('XTRIM', log, 'MINID', string.format('%.0f-0', floor + 1))
end
redis.call('HSET', meta, 'epoch', epoch, 'head', string.format('%.0f', offset), 'floor', string.format('%.0f', floor),
  'lastAt', string.format('%.0f', at))
if history ~= state[5] then redis.call('HSET', meta, 'history', history, 'run', noted('server', 'run_id')) end
if kind == '' then redis.call('ZADD', channels, at, ARGV[12]) end
redis.call('SET', once, table.concat({ fingerprint, envelope, rowId, json }, ' '), 'PX', rememberMs)

return { 'done', epoch, envelope, history }
