-- Commits one change of a channel, all or nothing. It knows no field of a post: a row is text to it, led by an envelope
-- "<version> <offset> <born> <bornAt> <at> " (offset of the row's last change and of its first one, both with their
-- times in milliseconds).
--
-- KEYS  1 meta   2 log   3 rows   4 records of the writer's writes   5 their order   6 channels of the partition
--       7… indexes (sorted sets of row ids)
-- ARGV  1 row id; '' is the channel's own row
--       2 version that was read; '0': the row must be new
--       3 row as JSON
--       4 type of the change; '' creates the channel, which takes no offset; 'none' changes nothing, as the row is as the
--         writer wants it already, and is remembered as a write is
--       5 now, milliseconds
--       6 name of the write                 7 fingerprint of the request
--       8 how long to remember it, milliseconds
--       9 writes to remember
--      10 log entries to keep              11 rows the channel may have
--      12 epoch to take, if this creates the channel or the server's history is another one
--      13 channels the partition may have  14 channel's id
--      15… one word for each index, in the order of KEYS: 'add' (score: the row's first offset), 'touch' (score: this
--          offset), 'drop', or 'max:<n>:<score word>' as add or touch if the index may not grow past n
--
-- Returns  { 'done', epoch, history, envelope }
--          { 'repeat', epoch, history, row id, row }   the same write was made before: its row as that stands now; '' if
--                                               there is none any more
--             history names the server's own, for whoever has replicas confirm the write
--          { 'reused' }                         the name was used for another request
--          { 'stale', version }                 the row has another version by now (0: there is none)
--          { 'exists' } { 'no-channel' } { 'rows-full' } { 'channels-full' } { 'index-full' }

local meta, log, rows, records, order, channels = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local rowId, version, json, kind = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local now, name, fingerprint = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local rememberMs, recordsMax = tonumber(ARGV[8]), tonumber(ARGV[9])
local keep, rowsMax, word = tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12]
local indexes, words = 7, 15

local state = redis.call('HMGET', meta, 'epoch', 'head', 'floor', 'lastAt', 'history')
local head, floor = tonumber(state[2]), tonumber(state[3])
local lastAt = tonumber(state[4]) or 0
local epoch, history = standing(meta, state[1] or word, state[5], word)

-- If the record is here, so is the write: they were made in one step. So the row's offset counts in the present epoch.
local same, made = recorded(records, name, fingerprint, rememberMs)
if same == false then return { 'reused' } end
if same then return { 'repeat', epoch, history, made, redis.call('HGET', rows, made) or '' } end

if kind == '' then
  if state[1] then return { 'exists' } end
  if redis.call('ZCARD', channels) >= tonumber(ARGV[13]) then return { 'channels-full' } end
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
  if kind == 'none' then
    remember(records, order, name, fingerprint, rowId, rememberMs, recordsMax)
    return { 'done', epoch, history, string.match(before, '^%d+ %d+ %d+ %d+ %d+') }
  end
  born, bornAt = tonumber(b), tonumber(bAt)
else
  if version ~= 0 then return { 'stale', 0 } end
  if redis.call('HLEN', rows) >= rowsMax then return { 'rows-full' } end
end

for i = indexes, #KEYS do
  local most = string.match(ARGV[i - indexes + words], '^max:(%d+):')
  if most and redis.call('ZCARD', KEYS[i]) >= tonumber(most) and not redis.call('ZSCORE', KEYS[i], rowId) then
    return { 'index-full' }
  end
end

-- Nothing is undone if a command is refused halfway, as when a permission was taken away. So that is found beforehand.
for _, command in ipairs({
  { 'HSET', rows }, { 'XADD', log }, { 'XTRIM', log }, { 'ZADD', KEYS[indexes] or meta }, { 'ZREM', KEYS[indexes] or meta },
  { 'RPUSH', order }, { 'LPOP', order }, { 'LREM', order }, { 'HDEL', records }, { 'PEXPIRE', records },
}) do
  if not redis.acl_check_cmd(unpack(command)) then error({ err = 'NOPERM the user may not run ' .. command[1] }) end
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
for i = indexes, #KEYS do
  local word = string.gsub(ARGV[i - indexes + words], '^max:%d+:', '')
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
if kind == '' then redis.call('ZADD', channels, at, ARGV[14]) end
remember(records, order, name, fingerprint, rowId, rememberMs, recordsMax)

return { 'done', epoch, history, envelope }
