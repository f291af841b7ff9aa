/** Where a search looks: a circle or a box, and up to nine runs of scores to cover it. Arithmetic is in Redis's order, see geohash.ts. */

import {
  degrees,
  distance,
  EARTH_RADIUS,
  interleave,
  latitudeCell,
  latitudeDistance,
  latitudeOf,
  longitudeCell,
  longitudeOf,
  Place,
  radians,
  STEP_MAX,
} from "./geohash.ts";

/** Half the length of the equator in a Mercator projection, in metres. */
const MERCATOR_MAX = 20037726.37;
/** Nothing within a circle is farther from its middle by latitude alone, but for rounding. */
const ROUNDING = 1 + 1e-9;

export const Shape = { CIRCLE: 0, BOX: 1 } as const;
export type Shape = (typeof Shape)[keyof typeof Shape];

/** What is searched. Radius, width and height are in units of `metres`. */
export class GeoArea {
  readonly center = new Place();
  shape: Shape = Shape.CIRCLE;
  radius = 0;
  width = 0;
  height = 0;
  metres = 1;
  /** Metres between the middle and the place last found to be inside. */
  distance = 0;

  /** Whether a place this far to the north or south may be inside: what costs less than `contains`, and tells most places that are not. */
  mayContain(latitude: number): boolean {
    const limit = this.shape === Shape.CIRCLE ? this.radius : this.height / 2;
    return !(latitudeDistance(this.center.latitude, latitude) > limit * this.metres * ROUNDING);
  }

  /** Whether a place is inside; `distance` is set then. */
  contains(longitude: number, latitude: number): boolean {
    const { center, metres } = this;
    if (this.shape === Shape.BOX) {
      if (latitudeDistance(latitude, center.latitude) > (this.height * metres) / 2) return false;
      if (distance(longitude, latitude, center.longitude, latitude) > (this.width * metres) / 2) return false;
    }
    const metresAway = distance(center.longitude, center.latitude, longitude, latitude);
    if (this.shape === Shape.CIRCLE && metresAway > this.radius * metres) return false;
    this.distance = metresAway;
    return true;
  }
}

/** The neighbours of a cell in the order in which Redis goes through them, which unsorted results show; the cell itself first. */
const EASTWARD = [0, 0, 0, 1, -1, 1, -1, 1, -1] as const;
const NORTHWARD = [0, 1, -1, 0, 0, 1, 1, -1, -1] as const;
const NEIGHBOURHOOD = EASTWARD.length;

/** Cells of the map, each a run of scores. */
export class GeoCover {
  /** The runs to go through: scores from `firsts[i]` on that are below `ends[i]`. */
  readonly firsts = new Float64Array(NEIGHBOURHOOD);
  readonly ends = new Float64Array(NEIGHBOURHOOD);
  count = 0;

  // The edges of the area.
  private west = 0;
  private south = 0;
  private east = 0;
  private north = 0;

  /** Covers the area: as few and small cells as will do. */
  cover(area: GeoArea): void {
    const { longitude, latitude } = area.center;
    this.bound(area);
    let step = stepFor(reach(area), latitude);
    if (step > 1 && !this.isCovered(longitudeCell(longitude, step), latitudeCell(latitude, step), step)) step--;
    this.takeCells(longitudeCell(longitude, step), latitudeCell(latitude, step), step);
  }

  /** Finds the edges of the area. (Towards a pole the meridians come nearer, so the edge that is nearer to one decides.) */
  private bound({ center, shape, radius, width, height, metres }: GeoArea): void {
    const { longitude, latitude } = center;
    const halfHeight = metres * (shape === Shape.CIRCLE ? radius : height / 2);
    const halfWidth = metres * (shape === Shape.CIRCLE ? radius : width / 2);
    const northward = degrees(halfHeight / EARTH_RADIUS);
    const edge = latitude < 0 ? latitude - northward : latitude + northward;
    const eastward = degrees(halfWidth / EARTH_RADIUS / Math.cos(radians(edge)));
    this.west = longitude - eastward;
    this.east = longitude + eastward;
    this.south = latitude - northward;
    this.north = latitude + northward;
  }

  /** Whether a cell and its neighbours reach as far as the area does. */
  private isCovered(x: number, y: number, step: number): boolean {
    return !(
      latitudeOf(moved(y, 1, step) + 1, step) < this.north ||
      latitudeOf(moved(y, -1, step), step) > this.south ||
      longitudeOf(moved(x, 1, step) + 1, step) < this.east ||
      longitudeOf(moved(x, -1, step), step) > this.west
    );
  }

  /** Takes a cell and those of its neighbours that the area, so it is believed, reaches into. */
  private takeCells(x: number, y: number, step: number): void {
    const fine = step >= 2;
    const withoutSouth = fine && latitudeOf(y, step) < this.south;
    const withoutNorth = fine && latitudeOf(y + 1, step) > this.north;
    const withoutWest = fine && longitudeOf(x, step) < this.west;
    const withoutEast = fine && longitudeOf(x + 1, step) > this.east;
    const scale = 2 ** ((STEP_MAX - step) * 2);
    this.count = 0;
    let lastX = -1;
    let lastY = -1;
    for (let i = 0; i < NEIGHBOURHOOD; i++) {
      const toX = EASTWARD[i];
      const toY = NORTHWARD[i];
      if ((toY < 0 && withoutSouth) || (toY > 0 && withoutNorth) || (toX < 0 && withoutWest) || (toX > 0 && withoutEast)) continue;
      const cellX = moved(x, toX, step);
      const cellY = moved(y, toY, step);
      // On a coarse map the neighbours on two sides are one and the same.
      if (cellX === lastX && cellY === lastY) continue;
      this.firsts[this.count] = interleave(cellY, cellX) * scale;
      this.ends[this.count] = interleave(cellY, cellX, 1) * scale;
      this.count++;
      lastX = cellX;
      lastY = cellY;
    }
  }
}

/** The cell `by` further on, around the world. (The 27th bit of what lies on the upper edge stays with those that do not move.) */
function moved(cell: number, by: number, step: number): number {
  return by === 0 ? cell : (cell + by) & (2 ** step - 1);
}

/** Metres from the middle to the farthest point. */
function reach({ shape, radius, width, height, metres }: GeoArea): number {
  if (shape === Shape.CIRCLE) return radius * metres;
  return Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * metres;
}

/** How many bits of each coordinate a cell should have for it and its neighbours to cover so many metres around a point in it. */
function stepFor(metres: number, latitude: number): number {
  if (metres === 0) return STEP_MAX;
  let step = -1;
  for (; metres < MERCATOR_MAX; metres *= 2) step++;
  if (Math.abs(latitude) > 66) step--;
  if (Math.abs(latitude) > 80) step--;
  return Math.min(Math.max(step, 1), STEP_MAX);
}
