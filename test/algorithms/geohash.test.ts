/** Places as scores, checked against arithmetic of whole numbers; what Redis makes of them, geo.test.ts compares. */
import { describe, expect, test } from "bun:test";
import { GeoArea, GeoCover, Shape } from "../../src/algorithms/geo/geo-area.ts";
import {
  decodeLatitude,
  decodeLongitude,
  decodeScore,
  distance,
  EARTH_RADIUS,
  encodeScore,
  interleave,
  isOnMap,
  LATITUDE_MAX,
  latitudeBits,
  latitudeCell,
  latitudeDistance,
  longitudeBits,
  longitudeCell,
  Place,
  STEP_MAX,
  writeGeohash,
} from "../../src/algorithms/geo/geohash.ts";
import { check, property } from "../support/property.ts";

/** Bit by bit. */
function interleaved(even: number, odd: number): bigint {
  let bits = 0n;
  for (let bit = 0n; bit < 32n; bit++) {
    bits |= ((BigInt(even) >> bit) & 1n) << (2n * bit);
    bits |= ((BigInt(odd) >> bit) & 1n) << (2n * bit + 1n);
  }
  return bits;
}

function decoded(score: number): [number, number] {
  const place = new Place();
  decodeScore(score, place);
  return [place.longitude, place.latitude];
}

describe("scores", () => {
  property("interleaving is what it is bit by bit, and undone", (random) => {
    for (let i = 0; i < 2000; i++) {
      const even = random.below(2 ** 26);
      const odd = random.below(2 ** 26);
      const bits = interleave(even, odd);
      check(BigInt(bits) === interleaved(even, odd), `${even} and ${odd} give ${bits}`);
      check(latitudeBits(bits) === even && longitudeBits(bits) === odd, `${bits} gives ${latitudeBits(bits)} and ${longitudeBits(bits)}`);
    }
  });

  test("a 27th bit is rounded off once, with what is added", () => {
    const edge = 2 ** 26;
    for (const [even, odd] of [
      [0, edge],
      [edge, edge],
      [1, edge],
      [edge, 0],
      [3, edge],
    ]) {
      expect(interleave(even, odd)).toBe(Number(interleaved(even, odd)));
      expect(interleave(even, odd, 1)).toBe(Number(interleaved(even, odd) + 1n));
    }
  });

  test("any score is taken for the 64 bits that C makes of it", () => {
    const asUnsigned: readonly (readonly [number, bigint])[] = [
      [0, 0n],
      [-0.5, 0n],
      [7.9, 7n],
      [-1, 2n ** 64n - 1n],
      [-7.9, 2n ** 64n - 7n],
      [-(2 ** 40) - 5, 2n ** 64n - 2n ** 40n - 5n],
      [2 ** 53 + 2, 2n ** 53n + 2n],
      [2 ** 62 + 2 ** 40, 2n ** 62n + 2n ** 40n],
      [2 ** 63, 2n ** 63n],
      [2 ** 63 + 2 ** 12, 2n ** 63n + 2n ** 12n],
      [2 ** 64, 0n],
      [1e300, 0n],
      [Number.POSITIVE_INFINITY, 0n],
      [-(2 ** 63), 2n ** 63n],
      [-1e300, 2n ** 63n],
      [Number.NEGATIVE_INFINITY, 2n ** 63n],
    ];
    for (const [score, bits] of asUnsigned) {
      expect({ score, bits: interleaved(latitudeBits(score), longitudeBits(score)) }).toEqual({ score, bits });
    }
  });

  test("known places", () => {
    expect(encodeScore(13.361389, 38.115556)).toBe(3479099956230698);
    expect(encodeScore(15.087269, 37.502669)).toBe(3479447370796909);
    expect(encodeScore(-180, -LATITUDE_MAX)).toBe(0);
    expect(encodeScore(180, LATITUDE_MAX)).toBe(2 ** 53 + 2 ** 52);
    expect(decoded(3479099956230698)).toEqual([13.361389338970184, 38.1155563954963]);
    expect(decoded(2 ** 53 + 2 ** 52)).toEqual([180, LATITUDE_MAX]);
  });

  property("a place comes back within its cell, and its score is where it was", (random) => {
    for (let i = 0; i < 2000; i++) {
      const longitude = random.next() * 360 - 180;
      const latitude = (random.next() * 2 - 1) * LATITUDE_MAX;
      const score = encodeScore(longitude, latitude);
      const [x, y] = decoded(score);
      check(
        Math.abs(x - longitude) <= 360 / 2 ** 26 && Math.abs(y - latitude) <= 171 / 2 ** 26,
        `${longitude},${latitude} is at ${x},${y}`,
      );
      check(encodeScore(x, y) === score, `${x},${y} has another score than ${longitude},${latitude}`);
      check(decodeLongitude(score) === x && decodeLatitude(score) === y, `the halves of ${score} differ from the whole`);
    }
  });

  test("what is beyond the edges of the map is not on it", () => {
    expect(isOnMap(180, 85.05112878)).toBe(true);
    expect(isOnMap(-180, -85.05112878)).toBe(true);
    expect(isOnMap(180.000001, 0)).toBe(false);
    expect(isOnMap(-181, 0)).toBe(false);
    expect(isOnMap(0, 85.0511288)).toBe(false);
    expect(isOnMap(0, -86)).toBe(false);
    expect(isOnMap(Number.POSITIVE_INFINITY, 0)).toBe(false);
  });

  test("geohash strings are the standard ones, but for the last character", () => {
    const text = (score: number) => {
      const place = new Place();
      decodeScore(score, place);
      const bytes = Buffer.alloc(13, "-");
      writeGeohash(bytes, 1, place);
      return bytes.toString("latin1");
    };
    expect(text(encodeScore(13.361389, 38.115556))).toBe("-sqc8b49rny0-");
    expect(text(encodeScore(15.087269, 37.502669))).toBe("-sqdtr74hyu0-");
    // The example of the Wikipedia article, whose hash is ezs42.
    expect(text(encodeScore(-5.6, 42.6)).slice(1, 6)).toBe("ezs42");
  });
});

describe("distances", () => {
  test("known ones", () => {
    expect(distance(...decoded(3479099956230698), ...decoded(3479447370796909)).toFixed(4)).toBe("166274.1516");
    expect(distance(10, 20, 10, 20)).toBe(0);
    expect(distance(0, 0, 180, 0)).toBeCloseTo(Math.PI * EARTH_RADIUS, 3);
    expect(distance(5, -30, 5, 60)).toBe(latitudeDistance(-30, 60));
    expect(latitudeDistance(-45, 45)).toBeCloseTo((Math.PI / 2) * EARTH_RADIUS, 3);
  });

  property("they are the same both ways, and none is shorter than that of the latitudes alone", (random) => {
    for (let i = 0; i < 1000; i++) {
      const [ax, bx] = [random.next() * 360 - 180, random.next() * 360 - 180];
      const [ay, by] = [random.next() * 170 - 85, random.next() * 170 - 85];
      const there = distance(ax, ay, bx, by);
      const back = distance(bx, by, ax, ay);
      check(Math.abs(there - back) <= 1e-6, `${there} there, ${back} back`);
      check(there >= latitudeDistance(ay, by) * (1 - 1e-12), `${there} is less than ${latitudeDistance(ay, by)}`);
    }
  });
});

describe("cells", () => {
  function areaOf(longitude: number, latitude: number, shape: Shape, size: number): GeoArea {
    const area = new GeoArea();
    area.center.longitude = longitude;
    area.center.latitude = latitude;
    area.shape = shape;
    area.radius = size;
    area.width = size * 2;
    area.height = size;
    return area;
  }

  property("every place in an area away from the edges of the map is in one of its cells, and in one only", (random) => {
    const cover = new GeoCover();
    for (let round = 0; round < 200; round++) {
      const size = 10 ** (random.next() * 5);
      const shape = random.chance(0.5) ? Shape.CIRCLE : Shape.BOX;
      const area = areaOf(random.next() * 240 - 120, random.next() * 120 - 60, shape, size);
      cover.cover(area);
      check(cover.count >= 1 && cover.count <= 9, `${cover.count} cells`);
      for (let i = 0; i < 50; i++) {
        const reach = size / 60_000;
        const longitude = area.center.longitude + (random.next() * 2 - 1) * reach;
        const latitude = area.center.latitude + (random.next() * 2 - 1) * reach;
        if (!isOnMap(longitude, latitude)) continue;
        const score = encodeScore(longitude, latitude);
        const [x, y] = decoded(score);
        if (!area.contains(x, y)) continue;
        check(area.mayContain(y), `${y} is within the latitudes of what contains it`);
        let cells = 0;
        for (let cell = 0; cell < cover.count; cell++) if (score >= cover.firsts[cell] && score < cover.ends[cell]) cells++;
        check(cells === 1, `${x},${y} is in ${cells} cells of ${shape} ${size} around ${area.center.longitude},${area.center.latitude}`);
      }
    }
  });

  test("of a point there is one cell and its neighbours, of the world there are the four there are", () => {
    const cover = new GeoCover();
    cover.cover(areaOf(10, 50, Shape.CIRCLE, 0));
    expect(cover.firsts[0]).toBe(encodeScore(10, 50));
    expect(cover.ends[0]).toBe(encodeScore(10, 50) + 1);
    cover.cover(areaOf(10, 50, Shape.CIRCLE, 2e7));
    expect([...cover.firsts.subarray(0, cover.count)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3].map((cell) => cell * 2 ** 50));
    expect(cover.ends[0]).toBe(2 ** 52);
  });

  test("cells are counted from the lower left corner", () => {
    expect([latitudeCell(-LATITUDE_MAX, STEP_MAX), longitudeCell(-180, STEP_MAX)]).toEqual([0, 0]);
    expect([latitudeCell(0, 1), longitudeCell(-0.1, 1), longitudeCell(179.9, 3)]).toEqual([1, 0, 7]);
    expect([latitudeCell(LATITUDE_MAX, 4), longitudeCell(180, 4)]).toEqual([16, 16]);
  });
});
