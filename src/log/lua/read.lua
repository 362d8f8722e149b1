-- Reads a channel's changes past an offset, each with its row as that stands now. Of several changes of one row within
-- the entries read, only the last is given: the ones before it say nothing that it does not.
--
-- KEYS  1 meta   2 log   3 rows
-- ARGV  1 epoch of the cursor   2 its offset   3 log entries to walk at most   4 bytes of rows after which to end
--       5 epoch to take where the server's history is another one
--
-- Returns  { 'batch', epoch, to, head, changes, rows }
--             changes is flat: offset, type, row id, at (ms) …, in order of offset; rows has one row for each
--          { 'epoch' } { 'too-old' } { 'ahead' }  the cursor is of another log, below the floor, past the head
--          { 'no-channel' }

local state = redis.call('HMGET', KEYS[1], 'epoch', 'head', 'floor', 'history')
if not state[1] then return { 'no-channel' } end
local epoch = standing(KEYS[1], state[1], state[4], ARGV[5])
local head, floor = tonumber(state[2]), tonumber(state[3])
local after, entriesMax, bytesMax = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

if epoch ~= ARGV[1] then return { 'epoch' } end
if after > head then return { 'ahead' } end
if after < floor then return { 'too-old' } end
if after == head then return { 'batch', epoch, head, head, {}, {} } end

local entries =
  redis.call('XRANGE', KEYS[2], string.format('(%.0f-0', after), '+', 'COUNT', entriesMax)

-- Rows are fetched in the order in which they first appear, and the walk ends at the entry whose row would go past the
-- bytes allowed, so that what is read stays bounded however large the rows are.
local to, bytes = after, 0
local last, row = {}, {}
for _, entry in ipairs(entries) do
  local id = entry[2][4]
  if not row[id] then
    local text = redis.call('HGET', KEYS[3], id) or ''
    if to > after and bytes + #text > bytesMax then break end
    bytes = bytes + #text
    row[id] = text
  end
  to = tonumber(string.match(entry[1], '^(%d+)'))
  last[id] = to
end

local changes, rows = {}, {}
for _, entry in ipairs(entries) do
  local offset = tonumber(string.match(entry[1], '^(%d+)'))
  if offset > to then break end
  local id = entry[2][4]
  if last[id] == offset then
    changes[#changes + 1] = offset
    changes[#changes + 1] = entry[2][2]
    changes[#changes + 1] = id
    changes[#changes + 1] = entry[2][6]
    rows[#rows + 1] = row[id]
  end
end
return { 'batch', epoch, to, head, changes, rows }
