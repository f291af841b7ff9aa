/** A script as long as those that whole libraries put into one text, made anew with every number, so that no server has seen it before. */

/** Makes one function of the script: `i` tells it from its likes, `n` stands somewhere in its text. */
type Part = { readonly define: (i: number, n: number) => string; readonly use: (i: number) => string };

/** Functions of each kind; the script has 30. */
const OF_EACH = 5;

const PARTS: readonly Part[] = [
  {
    define: (i, n) => `local function parse_fields_${i}(text)
  local fields, count = {}, 0
  for name, value in string.gmatch(text, '(%w+)=(%w+)') do
    fields[name] = tonumber(value) or value
    count = count + 1
  end
  if count == 0 then return nil, 'no fields in part ${i} of ${n}' end
  return fields, count
end`,
    use: (i) => `report.fields_${i} = select(2, parse_fields_${i}(ARGV[1]))`,
  },
  {
    define: (i, n) => `local function total_of_${i}(list, least)
  local sum, most = 0, -math.huge
  for index, item in ipairs(list) do
    if item.price >= least and index % ${i + 2} ~= 1 then
      sum = sum + item.price * item.count
      most = math.max(most, item.price)
    end
  end
  return sum + ${n} % 7, most
end`,
    use: (i) => `report.total_${i} = total_of_${i}(items, ${i})`,
  },
  {
    define: (i, n) => `local function remember_${i}(key, field, value)
  local old = redis.call('hget', key, field)
  if old and #old > ${i + 10} then
    redis.call('hdel', key, field)
    return old
  end
  redis.call('hset', key, field, string.format('%s:%07d', value, ${n}))
  return redis.call('hincrby', key, 'changes', 1)
end`,
    use: (i) => `report.changes_${i} = remember_${i}(KEYS[1], 'field:${i}', report.total_${i})`,
  },
  {
    define: (i, n) => `local function label_${i}(list, separator)
  local names = {}
  for _, item in pairs(list) do
    names[#names + 1] = string.upper(string.sub(item.name, 1, 3)) .. item.count
  end
  table.sort(names, function(a, b) return a > b end)
  if #names > ${i} then table.remove(names) end
  return table.concat(names, separator or ',') .. '#${n}'
end`,
    use: (i) => `report.label_${i} = label_${i}(items, '${i};')`,
  },
  {
    define: (i, n) => `local function next_time_${i}(now, attempts)
  local delay, tries = ${i + 50}, 0
  while tries < attempts and delay < ${n} do
    delay = delay * 2
    tries = tries + 1
  end
  local options = { base = delay, jitter = (now + ${i}) % 10, kind = 'exponential' }
  return now + options.base + options.jitter, options
end`,
    use: (i) => `report.time_${i} = next_time_${i}(tonumber(ARGV[2]), ${i + 3})`,
  },
  {
    define: (i, n) => `local function take_${i}(key, amount)
  local left = tonumber(redis.call('hget', key, 'left:${i}') or ${n})
  local result = { name = 'left:${i}' }
  if left < amount then
    result.err = 'only ' .. left .. ' left'
  else
    result.left = left - amount
    redis.call('hset', key, result.name, result.left)
  end
  return result
end`,
    use: (i) => `report.left_${i} = take_${i}(KEYS[1], ${i + 1}).left`,
  },
];

const ITEMS = `local items = {
  { name = 'apple', price = 3, count = 12 },
  { name = 'banana', price = 2, count = 7 },
  { name = 'cherry', price = 11, count = 40 },
  { name = 'damson', price = 5, count = 3 },
}
local report = {}`;

const END = `local kinds = 0
for _ in pairs(report) do kinds = kinds + 1 end
return kinds`;

/** What the script returns. */
export const LONG_SCRIPT_RESULT = PARTS.length * OF_EACH;

/** The arguments it is called with, behind its only key. */
export const LONG_SCRIPT_ARGS = ["colour=red size=12 weight=7", "1700000000000"];

/** Returns the text of number `n`, about 300 lines: it has a constant of its own in each of its 30 functions. */
export function longScript(n: number): string {
  const constant = 1_000_000 + n;
  const numbers = Array.from({ length: OF_EACH }, (_, i) => i);
  const functions = numbers.flatMap((i) => PARTS.map((part) => part.define(i, constant)));
  const uses = numbers.flatMap((i) => PARTS.map((part) => part.use(i)));
  return [...functions, ITEMS, ...uses, END].join("\n");
}
