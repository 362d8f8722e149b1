-- Says where a channel stands.
--
-- KEYS  1 meta
-- ARGV  1 epoch to take where the server's history is another one
--
-- Returns  { 'head', epoch, head, history }
--          { 'no-channel' }

local state = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'history')
if not state[1] then return { 'no-channel' } end
local epoch, history = standing(KEYS[1], state[1], state[3], ARGV[1])
return { 'head', epoch, tonumber(state[2]), history }
