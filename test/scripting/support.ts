/** Requests that run scripts. */
import type { Request } from "../support/compare.ts";

/** EVAL of each script, without keys. */
export function evals(...scripts: readonly string[]): Request[] {
  return scripts.map((script) => ["EVAL", script, 0]);
}

/** A script that tells what `expression` is: its type, and what it has in it, strings in quotes. */
export function described(expression: string): string {
  return `
    local function show(value)
      if type(value) == 'string' then return '"' .. value .. '"' end
      if type(value) ~= 'table' then return tostring(value) end
      local parts = {}
      for key, element in pairs(value) do parts[#parts + 1] = show(key) .. '=' .. show(element) end
      table.sort(parts)
      return '{' .. table.concat(parts, ' ') .. '}'
    end
    local results = {${expression}}
    return type(results[1]) .. ' ' .. show(results[1])`;
}
