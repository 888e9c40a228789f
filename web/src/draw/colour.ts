/**
 * The one colour language: signed numbers run from one hue through a neutral 0 to another, weights along one hue.
 * The stops are CSS custom properties (app.css), so that a theme is defined in one place; d3-scale walks along them.
 */
import { range } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import type { Role } from '../../documents/recipe.js';

export interface Paint { background: string; ink: string }
export type Painter = (x: number, role: Role, extent: number) => Paint;

export const property = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A scale over the stops of a custom property, evenly spaced between two ends. */
function along(name: string, from: number, to: number) {
  const stops = property(name).split(',').map((stop) => stop.trim());
  const domain = range(stops.length).map((i) => from + ((to - from) * i) / (stops.length - 1));
  return scaleLinear<string>(domain, stops).clamp(true);
}

/** Steps of a scale: enough that no eye sees them, and few enough to be worked out once. */
const STEPS = 510;

interface Steps { paints: Paint[]; /** As canvases keep them on little-endian machines, which all are. */ pixels: Uint32Array }

/** Where on the scale of weights a number stands, 0 to STEPS, as `extent` does at the last; one below 0, as normalising by the sum has, is off it. */
const weightStep = (x: number, extent: number) => Math.round(STEPS * Math.min(1, x / extent));
const signedStep = (x: number, extent: number) => Math.round((STEPS * ((extent > 0 ? Math.max(-1, Math.min(1, x / extent)) : 0) + 1)) / 2);

const scales = new WeakMap<Painter, Record<Role, Steps>>();

/** Reads the stops of the theme in force; make a new painter when the theme changes. */
export function painter(): Painter {
  const ink = property('--ink');
  const stepsOf = (name: string): Steps => {
    const colours = along(name, 0, STEPS);
    const paints = range(STEPS + 1).map((i) => ({ background: colours(i), ink: readable(colours(i), ink) }));
    const pixels = Uint32Array.from(paints, ({ background }) => {
      const [r, g, b] = channels(background).map((channel) => Math.round(255 * channel)) as [number, number, number];
      return (255 << 24) | (b << 16) | (g << 8) | r;
    });
    return { paints, pixels };
  };
  const scale = { signed: stepsOf('--signed-stops'), weights: stepsOf('--weight-stops') };
  const clear = { background: 'transparent', ink };
  const paint: Painter = (x, role, extent) => {
    if (Number.isNaN(x) || x === -Infinity) return clear;
    // Only the signed scale can show a weight below 0.
    if (role === 'weights') return x < 0 ? scale.signed.paints[0]! : scale.weights.paints[weightStep(x, extent)]!;
    return scale.signed.paints[signedStep(x, extent)]!;
  };
  scales.set(paint, scale);
  return paint;
}

/** From a number to its pixel; clear for what has no colour. */
export function pixelsOf(paint: Painter, role: Role, extent: number): (x: number) => number {
  const { signed: { pixels: signed }, weights: { pixels: weights } } = scales.get(paint)!;
  const colour = role === 'weights' ? (x: number) => (x < 0 ? signed[0]! : weights[weightStep(x, extent)]!) : (x: number) => signed[signedStep(x, extent)]!;
  return (x) => (x === -Infinity || Number.isNaN(x) ? 0 : colour(x));
}

/** The page's own ink where it reads well, else whichever of black and white contrasts more. */
function readable(background: string, ink: string): string {
  return contrast(background, ink) >= 4.5 ? ink
    : contrast(background, '#ffffff') > contrast(background, '#000000') ? '#ffffff' : '#000000';
}

/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** `#rrggbb` (ours) or `rgb(r, g, b)` (d3's), in [0, 1]. */
function channels(colour: string): number[] {
  const found = colour.startsWith('#') ? colour.slice(1).match(/../g)!.map((hex) => parseInt(hex, 16)) : colour.match(/\d+/g)!.map(Number);
  return found.slice(0, 3).map((x) => x / 255);
}

/** Numbers beyond this many times what nine in ten of them reach are outliers. */
const OUTLIER = 4;

/**
 * Where the signed scale of a picture ends: at the largest finite magnitude, but one outlier must not bleach the rest, and
 * has the scale's last colour.
 */
export function extentOf(values: number[]): number {
  const sizes = values.filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
  const most = sizes.at(-1) ?? 0;
  const usual = sizes[Math.ceil(0.9 * sizes.length) - 1] ?? 0;
  return usual > 0 && most > OUTLIER * usual ? usual : most;
}
