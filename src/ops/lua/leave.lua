-- Takes a process out that stops: nobody is to miss it.
--
-- KEYS  1 clock   2 seen   3 processes   4 channels   5 places
-- ARGV  1 id of the process   2 its node and worker
--
-- Returns  0

tick(KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
if redis.call('HGET', KEYS[5], ARGV[2]) == ARGV[1] then redis.call('HDEL', KEYS[5], ARGV[2]) end
return 0
