-- Reads a page of a channel's posts, newest first, together with the cursor at which it is true.
--
-- KEYS  1 meta   2 rows   3 pinned   4 index to walk   5… indexes a post must be in as well
-- ARGV  1 offset before which to begin; '' begins with the newest   2 posts at most   3 bytes of rows after which to
--       end   4 '1': with the pinned posts   5 posts to walk over at most
--       6 epoch to take where the server's history is another one
--
-- Returns  { 'page', epoch, head, row of the channel, rows, token, pinned rows }
--             rows is flat: post id, row …; token is the offset before which the next page begins, '' on the last page
--          { 'no-channel' }

local state = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'history')
if not state[1] then return { 'no-channel' } end
local epoch = standing(KEYS[1], state[1], state[3], ARGV[6])

local limit, bytesMax, walkMax = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
local max = '+inf'
if ARGV[1] ~= '' then max = '(' .. ARGV[1] end

local function inAll(id)
  for i = 5, #KEYS do
    if not redis.call('ZSCORE', KEYS[i], id) then return false end
  end
  return true
end

local rows, token, bytes, walked = {}, '', 0, 0
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[4], max, '-inf', 'WITHSCORES', 'LIMIT', 0, walkMax + 1)
local at = ''
for i = 1, #ids, 2 do
  if #rows / 2 == limit or walked == walkMax then token = at break end
  local id = ids[i]
  if inAll(id) then
    local text = redis.call('HGET', KEYS[2], id) or ''
    if #rows > 0 and bytes + #text > bytesMax then token = at break end
    bytes = bytes + #text
    rows[#rows + 1] = id
    rows[#rows + 1] = text
  end
  walked = walked + 1
  at = ids[i + 1]
end

local pinned = {}
if ARGV[4] == '1' then
  for _, id in ipairs(redis.call('ZREVRANGE', KEYS[3], 0, -1)) do
    pinned[#pinned + 1] = id
    pinned[#pinned + 1] = redis.call('HGET', KEYS[2], id) or ''
  end
end
return { 'page', epoch, state[2], redis.call('HGET', KEYS[2], ''), rows, token, pinned }
