-- Reads in one step all that a write needs before it folds its change into the row.
--
-- KEYS  1 meta   2 rows   3 records of the writer's writes
-- ARGV  1 row id; '' is the channel's own row
--       2 name of the write   3 fingerprint of the request   4 how long it is remembered, milliseconds
--       5 epoch to take if the server's history is another one
--
-- Returns  { 'before', epoch, history, row }            row is '' if there is none
--          { 'repeat', epoch, history, row id, row }    the same write was made before: its row as that stands now
--          { 'reused' }                                 the name was used for another request
--          { 'no-channel' }

local state = redis.call('HMGET', KEYS[1], 'epoch', 'history')
if not state[1] then return { 'no-channel' } end
local epoch, history = standing(KEYS[1], state[1], state[2], ARGV[5])

local same, made = recorded(KEYS[3], ARGV[2], ARGV[3], tonumber(ARGV[4]))
if same == false then return { 'reused' } end
if same then return { 'repeat', epoch, history, made, redis.call('HGET', KEYS[2], made) or '' } end
return { 'before', epoch, history, redis.call('HGET', KEYS[2], ARGV[1]) or '' }
