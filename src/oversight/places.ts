/** Places and units that an action's values stand for, as far as their names say so. */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { memberLabel } from './visible.ts';

/** WGS 84, degrees. */
export interface Place {
  /** Where in the action: `arguments.target`. */
  readonly label: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Past it a plot shows nothing any more; the values stand in the lines all the same. */
const PLACES_MAX = 1_000;

/**
 * Latitude and longitude in one object by these names, and GeoJSON (RFC 7946) coordinates, whose
 * longitude comes first. A bare pair of numbers says of neither which it is, and is none.
 */
export function placesIn(value: JsonValue, label: string): Place[] {
  return [...findPlaces(value, label)].slice(0, PLACES_MAX);
}

function* findPlaces(value: JsonValue, label: string): Generator<Place> {
  if (Array.isArray(value)) {
    for (const [i, item] of (value as readonly JsonValue[]).entries()) {
      yield* findPlaces(item, `${label}[${i}]`);
    }
  } else if (isObject(value)) {
    const own = placeOf(numberAt(value, LATITUDE), numberAt(value, LONGITUDE), label);
    if (own) yield own;
    const isGeoJson = typeof value['type'] === 'string' && Array.isArray(value['coordinates']);
    for (const [name, member] of Object.entries(value)) {
      const at = memberLabel(label, name);
      yield* isGeoJson && name === 'coordinates' ? positionsIn(member, at) : findPlaces(member, at);
    }
  }
}

function* positionsIn(value: JsonValue, label: string): Generator<Place> {
  if (!Array.isArray(value)) return;
  const [longitude, latitude] = value as readonly JsonValue[];
  if (typeof longitude === 'number' && typeof latitude === 'number') {
    const place = placeOf(latitude, longitude, label);
    if (place) yield place;
    return;
  }
  for (const [i, item] of (value as readonly JsonValue[]).entries()) {
    yield* positionsIn(item, `${label}[${i}]`);
  }
}

function placeOf(
  latitude: number | undefined,
  longitude: number | undefined,
  label: string,
): Place | undefined {
  if (latitude === undefined || longitude === undefined) return undefined;
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { label, latitude, longitude } : undefined;
}

const LATITUDE = new Set(['lat', 'latitude']);
const LONGITUDE = new Set(['lon', 'lng', 'long', 'longitude']);

/** The one member with such a name; two would leave it open which counts. */
function numberAt(value: JsonObject, names: ReadonlySet<string>): number | undefined {
  const found = Object.entries(value).filter(([name]) => names.has(name.toLowerCase()));
  const [, number] = found.length === 1 ? (found[0] ?? []) : [];
  return typeof number === 'number' ? number : undefined;
}

/** The unit that the last word of a name says: `distance_km` and `distanceKm` → `km`. */
export function unitIn(name: string): string | undefined {
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).filter((word) => word !== '');
  const last = words.at(-1)?.toLowerCase() ?? '';
  if (words.length < 2 && !WHOLE_WORDS.has(last)) return undefined;
  return UNITS.get(last);
}

/** What a unit is called in names, by the unit; none that could be another. */
const NAMES_OF_UNITS: readonly (readonly [unit: string, names: string])[] = [
  ['mm', 'mm millimeters millimetres'],
  ['cm', 'cm centimeters centimetres'],
  ['m', 'm meters metres'],
  ['km', 'km kilometers kilometres'],
  ['nmi', 'nmi'],
  ['ft', 'ft feet'],
  ['mi', 'mi miles'],
  ['g', 'g grams'],
  ['kg', 'kg kilograms'],
  ['t', 'tonnes'],
  ['lb', 'lb lbs pounds'],
  ['ms', 'ms millis milliseconds'],
  ['s', 's sec secs seconds'],
  ['min', 'mins minutes'],
  ['h', 'hours hrs'],
  ['d', 'days'],
  ['°', 'deg degrees'],
  ['°C', 'celsius'],
  ['°F', 'fahrenheit'],
  ['K', 'kelvin'],
  ['%', 'percent pct'],
  ['m/s', 'mps'],
  ['km/h', 'kmh kph'],
  ['mph', 'mph'],
  ['kn', 'knots'],
  ['l', 'liters litres'],
  ['V', 'volts'],
  ['A', 'amps amperes'],
  ['W', 'watts'],
  ['kW', 'kw kilowatts'],
  ['Hz', 'hz hertz'],
  ['kHz', 'khz'],
  ['MHz', 'mhz'],
  ['Pa', 'pa pascals'],
  ['bar', 'bar'],
  ['B', 'bytes'],
  ['EUR', 'eur euros'],
  ['USD', 'usd dollars'],
  ['GBP', 'gbp'],
  ['cents', 'cents'],
];

const UNITS: ReadonlyMap<string, string> = new Map(
  NAMES_OF_UNITS.flatMap(([unit, names]) => names.split(' ').map((name) => [name, unit] as const)),
);

/** Names that are a unit when they stand alone; a short one could be anything. */
const WHOLE_WORDS: ReadonlySet<string> = new Set(
  [...UNITS.keys()].filter((name) => name.length >= 4),
);
