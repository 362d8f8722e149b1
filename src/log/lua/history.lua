-- Stands before every other script. Finds whether this server's history is the one in which the channel was last
-- written. A server that was a replica, or that came back without an append-only file, may lack the end of what was
-- acknowledged; whatever it has past that point are other changes under the same offsets. So the channel gets a new
-- epoch the first time that it is touched there, in the same step, and nobody takes the new numbers for the old ones.
--
-- Redis names its history by `master_replid`. It draws a new one when it starts, and when it was without replicas for an
-- hour. A replica that is promoted does so as well, and keeps the one before as `master_replid2`.
--
-- Raises READONLY on a replica, whose answers may be old.

local function noted(section, name)
  return string.match(redis.call('INFO', section), '\n' .. name .. ':(%w+)')
end

-- Gives the epoch in which the channel stands, and the server's history. `meta` has the epoch, the history of the last
-- write, and the server's run in which that history was first seen; `word` is the epoch to take where it is lost.
local function standing(meta, epoch, history, word)
  local replication = redis.call('INFO', 'replication')
  if not string.find(replication, '\nrole:master', 1, true) then
    error({ err = 'READONLY the server is a replica' })
  end
  local now = string.match(replication, '\nmaster_replid:(%w+)')
  if not history or history == now then return epoch, now end
  if not string.find(replication, '\nmaster_replid2:0*[1-9a-f]') then
    if noted('persistence', 'aof_enabled') == '1' then return epoch, now end
    if noted('server', 'run_id') == redis.call('HGET', meta, 'run') then return epoch, now end
  end
  redis.call('HSET', meta, 'epoch', word, 'history', now, 'run', noted('server', 'run_id'))
  return word, now
end

