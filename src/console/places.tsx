/**
 * Places of an action as a plain plot: longitude to the right, latitude up, to the same scale, north
 * on top. No map lies behind it, so that nothing is asked of anybody.
 */
import { Text } from '@mantine/core';
import type { Display } from './asked.ts';

type Place = Display['places'][number];

const WIDTH = 560;
const HEIGHT = 320;
const MARGIN = { left: 76, right: 24, top: 16, bottom: 34 } as const;
/** Degrees; about a kilometre. A single place needs some land around it. */
const SPAN_MIN = 0.01;
/** More names than this would cover the places. */
const NAMED_MAX = 12;

export function Places({ places }: { readonly places: readonly Place[] }) {
  const { x, y, longitudes, latitudes } = scaleOf(places);
  const words = places.map(
    ({ label, latitude, longitude }) => `${label}: ${latitude}, ${longitude}`,
  );
  return (
    <figure style={{ margin: 'var(--mantine-spacing-sm) 0 0' }}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        style={{ maxWidth: WIDTH, color: 'var(--mantine-color-text)' }}
        role="img"
        aria-label={`Places, as latitude and longitude. ${words.slice(0, NAMED_MAX).join('; ')}`}
        fontSize={12}
        fill="currentColor"
      >
        {longitudes.map((degrees) => (
          <g key={degrees}>
            <Line x1={x(degrees)} x2={x(degrees)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
            <text x={x(degrees)} y={HEIGHT - MARGIN.bottom + 18} textAnchor="middle">
              {degreesWords(degrees, 'E', 'W')}
            </text>
          </g>
        ))}
        {latitudes.map((degrees) => (
          <g key={degrees}>
            <Line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(degrees)} y2={y(degrees)} />
            <text x={MARGIN.left - 8} y={y(degrees) + 4} textAnchor="end">
              {degreesWords(degrees, 'N', 'S')}
            </text>
          </g>
        ))}
        {places.map(({ label, latitude, longitude }) => (
          <g key={label}>
            <circle
              cx={x(longitude)}
              cy={y(latitude)}
              r={5}
              fill="var(--mantine-color-red-filled)"
            />
            {places.length <= NAMED_MAX && (
              <text x={x(longitude) + 9} y={y(latitude) + 4}>
                {label.split('.').at(-1)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <Text component="figcaption" size="xs" c="dimmed">
        {places.length === 1 ? 'One place' : `${places.length} places`}, WGS 84, north on top. The
        values stand above; no map lies behind them.
      </Text>
    </figure>
  );
}

function Line(ends: {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
}) {
  return <line {...ends} stroke="var(--mantine-color-default-border)" />;
}

/** Degrees to the plot's units, and where its lines are drawn. */
function scaleOf(places: readonly Place[]) {
  const [west, east] = extentOf(places.map(({ longitude }) => longitude));
  const [south, north] = extentOf(places.map(({ latitude }) => latitude));
  const middle = { longitude: (west + east) / 2, latitude: (south + north) / 2 };
  // Meridians come closer together towards the poles.
  const shrink = Math.max(Math.cos((middle.latitude * Math.PI) / 180), 0.01);
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const unit = 0.8 * Math.min(width / ((east - west) * shrink), height / (north - south));
  const x = (degrees: number): number =>
    MARGIN.left + width / 2 + (degrees - middle.longitude) * shrink * unit;
  const y = (degrees: number): number =>
    MARGIN.top + height / 2 - (degrees - middle.latitude) * unit;
  return {
    x,
    y,
    longitudes: ticks(middle.longitude, width / shrink / unit),
    latitudes: ticks(middle.latitude, height / unit),
  };
}

function extentOf(degrees: readonly number[]): [number, number] {
  const low = Math.min(...degrees);
  const high = Math.max(...degrees);
  const lacking = Math.max(0, SPAN_MIN - (high - low)) / 2;
  return [low - lacking, high + lacking];
}

/** Some three to six round numbers within a span around the middle. */
function ticks(middle: number, span: number): number[] {
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? rough;
  const first = Math.ceil((middle - span / 2) / step);
  const last = Math.floor((middle + span / 2) / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

function degreesWords(degrees: number, positive: string, negative: string): string {
  const size = Number(Math.abs(degrees).toFixed(6));
  return size === 0 ? '0°' : `${size}° ${degrees > 0 ? positive : negative}`;
}
