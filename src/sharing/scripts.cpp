#include "sharing/scripts.hpp"

namespace tollgate::sharing {

// Time is Redis's own (ARGV[1] is 0): the clocks of the gateways differ, and a pot whose slots were
// chosen by several clocks would give back too early for some. Tests name a time.
//
// Pots: sliding = hash of slot start -> amount, with 't' their sum and 'o' the oldest start, so that a
// reservation costs the same however many slots are live; fixed = a number; held = hash of
// gateway -> "amount:last sign of life".
//
// Lua's numbers are doubles: exact up to 2^53, which is 9 million dollars in nano-dollars. The booking
// itself (HINCRBY, INCRBY) has 64 bits. %.0f because tostring() would write 1e+15.
const std::string_view reserve_script = R"lua(
local function text(n) return string.format('%.0f', n) end
local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local not_after = tonumber(ARGV[2])
if not_after > 0 and now > not_after then return {2, now, -1} end
local me, held_for = ARGV[3], tonumber(ARGV[4])

local function sliding_use(key, window, slot)
  local f = redis.call('HMGET', key, 't', 'o')
  local total, oldest = tonumber(f[1] or 0), f[2] and tonumber(f[2])
  if not oldest or oldest + slot + window > now then return total, oldest end
  local all, dead = redis.call('HGETALL', key), {}
  total, oldest = 0, nil
  for i = 1, #all, 2 do
    local start = tonumber(all[i])
    if start and start + slot + window <= now then
      dead[#dead + 1] = all[i]
    elseif start then
      total = total + tonumber(all[i + 1])
      if not oldest or start < oldest then oldest = start end
    end
  end
  if not oldest then
    redis.call('DEL', key)
    return 0, nil
  end
  for i = 1, #dead, 500 do
    redis.call('HDEL', key, unpack(dead, i, math.min(i + 499, #dead)))
  end
  redis.call('HSET', key, 't', text(total), 'o', text(oldest))
  return total, oldest
end

local function held_use(key)
  local all, use, mine = redis.call('HGETALL', key), 0, 0
  for i = 1, #all, 2 do
    local amount, seen = string.match(all[i + 1], '^(%-?%d+):(%d+)$')
    if seen + held_for <= now then
      redis.call('HDEL', key, all[i])
    else
      use = use + tonumber(amount)
      if all[i] == me then mine = tonumber(amount) end
    end
  end
  return use, mine
end

-- When `need` has become free in a sliding pot.
local function sliding_wait(key, window, slot, need)
  local all, slots = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do
    local start = tonumber(all[i])
    if start then slots[#slots + 1] = {start, tonumber(all[i + 1])} end
  end
  table.sort(slots, function(a, b) return a[1] < b[1] end)
  for _, s in ipairs(slots) do
    need = need - s[2]
    if need <= 0 then return s[1] + slot + window - now end
  end
  return -1
end

local refused, out, plan = -1, {0, now, -1}, {}
for i = 1, #KEYS do
  local a, key = 4 + (i - 1) * 7, KEYS[i]
  local kind, window, slot = ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local start, limit = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
  local amount, want = tonumber(ARGV[a + 6]), tonumber(ARGV[a + 7])
  local use, extra
  if kind == 's' then
    use, extra = sliding_use(key, window, slot)
    start = now - now % slot
  elseif kind == 'f' then
    use = tonumber(redis.call('GET', key) or 0)
  else
    use, extra = held_use(key)
  end
  local give, wait = amount, 0
  if use + amount > limit then
    give = 0
    if amount > limit then wait = -1
    elseif kind == 's' then wait = sliding_wait(key, window, slot, use + amount - limit)
    elseif kind == 'f' then wait = start > 0 and math.max(1, start + window - now) or -1 end
    if refused < 0 then refused = i - 1 end
  elseif want > amount then
    give = math.max(amount, math.min(want, math.floor((limit - use) / 4)))
  end
  plan[i] = {key, kind, window, slot, start, give, extra}
  local o = 3 + (i - 1) * 3
  out[o + 1], out[o + 2], out[o + 3] = use + give, wait, give
end
out[3] = refused
if refused >= 0 then return out end

for _, p in ipairs(plan) do
  local key, kind, window, slot, start, give, extra = unpack(p, 1, 7)
  if give <= 0 then
    -- nothing to book
  elseif kind == 's' then
    redis.call('HINCRBY', key, text(start), text(give))
    redis.call('HINCRBY', key, 't', text(give))
    if not extra or start < extra then redis.call('HSET', key, 'o', text(start)) end
    redis.call('PEXPIRE', key, text(window + 2 * slot + 1000))
  elseif kind == 'f' then
    redis.call('INCRBY', key, text(give))
    if start > 0 then
      redis.call('PEXPIRE', key, text(math.max(0, start + window - now) + 3600000))
    elseif window > 0 then
      redis.call('PEXPIRE', key, text(window))
    end
  else
    redis.call('HSET', key, me, text(extra + give) .. ':' .. text(now))
    redis.call('PEXPIRE', key, text(4 * held_for))
  end
end
out[1] = 1
return out
)lua";

// KEYS[1] is this gateway's journal: the number of the last batch applied, so that a batch sent again
// after a broken connection is not booked twice. A pot never goes below zero: after a loss of data
// there may be less in it than is given back.
const std::string_view adjust_script = R"lua(
local function text(n) return string.format('%.0f', n) end
local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local me, held_for, number = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if tonumber(redis.call('GET', KEYS[1]) or 0) >= number then return {now, 0} end
for i = 2, #KEYS do
  local a, key = 4 + (i - 2) * 5, KEYS[i]
  local kind, window, slot = ARGV[a + 1], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local start, delta = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
  if kind == 's' then
    if start + slot + window > now then
      local had = tonumber(redis.call('HGET', key, text(start)) or 0)
      if had + delta < 0 then delta = -had end
      if delta ~= 0 then
        redis.call('HINCRBY', key, text(start), text(delta))
        redis.call('HINCRBY', key, 't', text(delta))
        local oldest = redis.call('HGET', key, 'o')
        if not oldest or start < tonumber(oldest) then redis.call('HSET', key, 'o', text(start)) end
        redis.call('PEXPIRE', key, text(window + 2 * slot + 1000))
      end
    end
  elseif kind == 'f' then
    if start == 0 or start + window + 3600000 > now then
      local had = tonumber(redis.call('GET', key) or 0)
      if had + delta < 0 then delta = -had end
      if delta ~= 0 then
        redis.call('INCRBY', key, text(delta))
        if start > 0 then
          redis.call('PEXPIRE', key, text(math.max(0, start + window - now) + 3600000))
        elseif window > 0 then
          redis.call('PEXPIRE', key, text(window))
        end
      end
    end
  else
    local amount = delta -- kind 'H': the whole of what is held
    if kind == 'h' then
      local had = redis.call('HGET', key, me)
      amount = delta + tonumber(had and string.match(had, '^(%-?%d+):') or 0)
    end
    if amount > 0 then
      redis.call('HSET', key, me, text(amount) .. ':' .. text(now))
      redis.call('PEXPIRE', key, text(4 * held_for))
    else
      redis.call('HDEL', key, me)
    end
  end
end
redis.call('SET', KEYS[1], text(number), 'PX', 3600000)
return {now, 1}
)lua";

// KEYS[1]: all gateways by their last sign of life. A held pot without this gateway's part (Redis was
// flushed) gets it back.
const std::string_view beat_script = R"lua(
local function text(n) return string.format('%.0f', n) end
local now = tonumber(ARGV[1])
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local me, held_for = ARGV[2], tonumber(ARGV[3])
if ARGV[4] == 'leave' then
  redis.call('ZREM', KEYS[1], me)
else
  redis.call('ZADD', KEYS[1], text(now), me)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - held_for))
redis.call('PEXPIRE', KEYS[1], text(4 * held_for))
for i = 2, #KEYS do
  local had = redis.call('HGET', KEYS[i], me)
  local amount = had and string.match(had, '^(%-?%d+):') or ARGV[3 + i]
  redis.call('HSET', KEYS[i], me, amount .. ':' .. text(now))
  redis.call('PEXPIRE', KEYS[i], text(4 * held_for))
end
return {now, redis.call('ZCARD', KEYS[1])}
)lua";

}  // namespace tollgate::sharing
