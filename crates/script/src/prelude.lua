-- What scripts see, built from what the interpreter has.
--
-- Scripts never get a native function that can take long, that runs while errors cannot stop it, or that reaches the
-- tables in here. Each run of a script has an environment of its own, so nothing of one is left for the next. A
-- library keeps the one that it was loaded with, which nobody else can reach.
local native = ...
local setfenv, setmetatable, type, error, tostring = setfenv, setmetatable, type, error, tostring
local native_pcall, native_xpcall, tonumber, select, rawset = pcall, xpcall, tonumber, select, rawset
local explain, describe, compile, charge = native.explain, native.describe, native.compile, native.charge
local locate, substitute, sub = string.locate, string.gsub, string.sub
local concat = table.concat
string.locate = nil

-- What the running program reads; nil in between.
local environment

-- Calls that catch errors ---------------------------------------------------------------------------------------------

local function settle(ok, ...)
  if ok then return true, ... end
  local failure = ...
  -- What our own functions raise is no Lua value that a script could use.
  if type(failure) == 'userdata' then failure = explain(failure) end
  return false, failure
end

local function pcall(f, ...)
  return settle(native_pcall(f, ...))
end

local function handled(handler, ok, ...)
  if ok then return true, ... end
  return false, handler((...))
end

-- The native one runs its handler where no budget can end it.
local function xpcall(f, handler)
  return handled(handler, pcall(f))
end

-- Strings -------------------------------------------------------------------------------------------------------------

function string.gmatch(s, pattern)
  s = sub(s, 1)
  local from = 1
  local function step(first, last, ...)
    if not first then
      from = #s + 2
      return nil
    end
    from = last < first and first + 1 or last + 1
    return ...
  end
  return function() return step(locate(s, pattern, from, false)) end
end

local function substitute_by(s, pattern, with, limit)
  s = sub(s, 1)
  local pieces, from, count, by_call = {}, 1, 0, type(with) == 'function'
  local tied = sub(pattern, 1, 1) == '^'
  local function step(first, last, ...)
    if not first then return false end
    count = count + 1
    local value
    if by_call then value = with(...) else value = with[(...)] end
    if not value then
      value = sub(s, first, last)
    elseif type(value) ~= 'string' and type(value) ~= 'number' then
      error('invalid replacement value (a ' .. type(value) .. ')', 3)
    end
    pieces[#pieces + 1] = sub(s, from, first - 1)
    pieces[#pieces + 1] = value
    from = last + 1
    if last < first then
      if first > #s then return false end
      pieces[#pieces + 1] = sub(s, first, first)
      from = first + 1
    end
    return not tied
  end
  while count < limit and step(locate(s, pattern, from, true)) do end
  pieces[#pieces + 1] = sub(s, from)
  return concat(pieces), count
end

function string.gsub(s, pattern, with, limit)
  local kind = type(with)
  if kind == 'function' or kind == 'table' then
    return substitute_by(s, pattern, with, tonumber(limit) or #s + 1)
  elseif kind ~= 'string' and kind ~= 'number' then
    error("bad argument #3 to 'gsub' (string/function/table expected)", 2)
  end
  return substitute(s, pattern, with, limit)
end

-- Tables: written in Lua where the native function is one long step -----------------------------------------------------

local tables = {}

-- Joining is one step for the interpreter, so its elements are paid for before.
function tables.concat(t, between, first, last)
  charge((tonumber(last) or #t) - (tonumber(first) or 1))
  return concat(t, between, first, last)
end

function tables.getn(t) return #t end

function tables.maxn(t)
  local most = 0
  for key in next, t do
    if type(key) == 'number' and key > most then most = key end
  end
  return most
end

function tables.foreach(t, f)
  for key, value in next, t do
    local result = f(key, value)
    if result ~= nil then return result end
  end
end

function tables.foreachi(t, f)
  for i = 1, #t do
    local result = f(i, t[i])
    if result ~= nil then return result end
  end
end

function tables.insert(t, ...)
  local given, size = select('#', ...), #t
  if given == 1 then
    t[size + 1] = (...)
    return
  elseif given ~= 2 then
    error("wrong number of arguments to 'insert'", 2)
  end
  local at, value = ...
  at = tonumber(at) or error("bad argument #2 to 'insert' (number expected, got " .. type(at) .. ')', 2)
  for i = size, at, -1 do t[i + 1] = t[i] end
  t[at] = value
end

function tables.remove(t, at)
  local size = #t
  at = at or size
  if at < 1 or at > size then return nil end
  local value = t[at]
  for i = at, size - 1 do t[i] = t[i + 1] end
  t[size] = nil
  return value
end

local function is_less(a, b) return a < b end

-- Sorts by merging runs that are twice as long each time.
function tables.sort(t, less)
  less = less or is_less
  local size, width, from, into = #t, 1, t, {}
  while width < size do
    for low = 1, size, 2 * width do
      local left, right = low, low + width
      local left_end = right <= size and right or size + 1
      local right_end = low + 2 * width <= size and low + 2 * width or size + 1
      for at = low, right_end - 1 do
        if left < left_end and (right >= right_end or not less(from[right], from[left])) then
          into[at] = from[left]
          left = left + 1
        else
          into[at] = from[right]
          right = right + 1
        end
      end
    end
    from, into, width = into, from, 2 * width
  end
  if from ~= t then
    for i = 1, size do t[i] = from[i] end
  end
end

-- The environment -----------------------------------------------------------------------------------------------------

-- A table that reads from `real`, and refuses to be written. `rawset` only reaches the empty table in front, and that
-- is gone with the run.
local function refuse() error('Attempt to modify a readonly table', 2) end
local function front(real) return { __index = real, __newindex = refuse, __metatable = false } end

local base = {
  _VERSION = _VERSION, assert = assert, collectgarbage = native.collectgarbage, error = error,
  getmetatable = getmetatable, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, rawequal = rawequal,
  rawget = rawget, rawset = rawset, select = select, setmetatable = setmetatable, tonumber = tonumber,
  tostring = tostring, type = type, unpack = unpack, xpcall = xpcall,
}
local math = math
math.random, math.randomseed = native.random, native.randomseed

local redis = native.redis
local in_front_of_base = front(base)
local libraries = {}
for name, library in next, { bit = native.bit, cjson = native.cjson, cmsgpack = native.cmsgpack, math = math,
                             os = { clock = native.clock }, redis = redis, string = string, struct = native.struct,
                             table = tables } do
  libraries[name] = front(library)
end

-- Tells the line that asked for what is not there, two calls up.
local function refuse_name(name)
  error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 3)
end

-- Most scripts use few libraries, so an environment gets each when it is first asked for.
local function missing(_, name)
  local methods = libraries[name]
  if not methods then refuse_name(name) end
  local library = setmetatable({}, methods)
  rawset(environment, name, library)
  return library
end
setmetatable(base, { __index = missing })

local string_methods = getmetatable('')
string_methods.__index, string_methods.__metatable = string, false

-- All chunks go by one name, so that errors tell of the script.
function base.loadstring(text)
  local chunk, failure = compile(text)
  if not chunk then return nil, failure end
  return setfenv(chunk, environment)
end

function base.load(pieces)
  local text = {}
  for piece in pieces do
    if piece == '' then break end
    text[#text + 1] = piece
  end
  return base.loadstring(concat(text))
end

-- What a script that is not running reads, so that it holds nothing of its last run.
local nowhere = {}

-- Given as the last argument, the function has no name that a traceback could tell.
local function enter(keys, arguments, ...)
  local answer = (...)(keys, arguments)
  return answer
end

-- Runs a script in an environment of its own, or a function in that of its library.
local function run(entry, own, keys, arguments)
  local ok, value
  if own then
    environment = own
    ok, value = native_xpcall(function()
      local answer = enter(keys, arguments, entry)
      return answer
    end, describe)
  else
    environment = { KEYS = keys, ARGV = arguments }
    environment._G = environment
    setmetatable(environment, in_front_of_base)
    ok, value = native_xpcall(setfenv(entry, environment), describe)
    setfenv(entry, nowhere)
  end
  environment = nil
  return ok, value
end

-- What a library sees as `redis` while it is loaded: there is nobody to run commands for yet.
local registering = { register_function = native.register }
for name, value in next, redis do
  if name == 'log' or type(value) ~= 'function' then registering[name] = value end
end
setmetatable(registering, { __index = function(_, name) refuse_name(name) end })

-- Runs a library's chunk, which registers functions. Returns whether that went well, its environment or the error.
local function load(chunk)
  local methods = front(registering)
  environment = { redis = setmetatable({}, methods) }
  environment._G = environment
  local own = setmetatable(environment, in_front_of_base)
  local ok, failure = pcall(setfenv(chunk, own))
  methods.__index = redis
  environment = nil
  return ok, ok and own or failure
end

return run, load
