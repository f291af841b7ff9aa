import { test } from "bun:test";
import { describeWithRedis } from "../../support/redis.ts";
import { useDataOracle } from "./data-oracle.ts";

describeWithRedis("bit", () => {
  const oracle = useDataOracle();

  test("numbers are taken modulo 2^32 and rounded to even, large ones as BitOp rounds them", async () => {
    const numbers = [
      "0", "-0", "0.5", "1.5", "2.5", "-0.5", "-1.5", "0.49999999999999994", "2^31", "2^31-0.5", "-2^31", "-2^31-1", "2^32+5", "2^51-0.5", "2^51",
      "2^51+1", "-2^51", "-2^51-1", "2^52+1", "-2^52-3", "2^53+2", "1e15+0.3", "1.23456789e18", "1e100", "-1e100", "1/0", "-1/0", "0/0", "'7'",
      "' 0x10 '", "'1e3'",
    ]; // biome-ignore format: a table
    await oracle().compare(numbers.map((number) => `bit.tobit(${number}), bit.bnot(${number}), bit.tohex(${number})`));
  });

  test("operations on several numbers fold from the first", async () => {
    await oracle().compare([
      "bit.band(0xff, 0x0f, 3)",
      "bit.band(-1)",
      "bit.bor(1, 2, 4, 2^31)",
      "bit.bxor(1, 2, 4, 8, 15)",
      "bit.bxor(0xffffffff, '0xff')",
      "bit.bnot(0), bit.bnot(-1), bit.bnot(0x12345678)",
      "bit.bswap(0x12345678), bit.bswap(0x78), bit.bswap(-2)",
    ]);
  });

  test("shifts and rotations take their count modulo 32", async () => {
    const counts = [0, 1, 8, 31, 32, 33, -1, 0.5, 1.5, "'3'", "2^33+4"];
    const operations = ["lshift", "rshift", "arshift", "rol", "ror"];
    await oracle().compare(
      counts.map((count) => operations.map((name) => `bit.${name}(0x87654321, ${count}), bit.${name}(5, ${count})`).join(", ")),
    );
  });

  test("tohex shows as many digits as asked, in capitals for a negative count", async () => {
    await oracle().compare([
      "bit.tohex(1), bit.tohex(-1, 4), bit.tohex(0xabcdef, -4), bit.tohex(0xabcdef, -8), bit.tohex(1, 0)",
      "bit.tohex(255, 100), bit.tohex(255, -100), bit.tohex(255, -2^31), bit.tohex(1, '3'), bit.tohex(0xab, 2.5)",
    ]);
  });

  test("errors name the argument that is no number, the last one first", async () => {
    const names = ["tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tohex"];
    await oracle().compare(names.flatMap((name) => [`bit.${name}()`, `bit.${name}({})`, `bit.${name}(nil, 1)`, `bit.${name}('x', 1)`]));
    await oracle().compare([
      "bit.band(1, {}, 'x')",
      "bit.band({}, 'x')",
      "bit.lshift(1)",
      "bit.lshift(1, nil)",
      "bit.tohex(1, nil)",
      "pcall(bit.band, 1, {})",
      "bit.band(1, cjson.null)",
      "bit.band(true)",
    ]);
  });

  test("the library has these entries", async () => {
    await oracle().compare(["bit"]);
  });
});
