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

/** Reads the stops of the theme in force; make a new painter when the theme changes. */
export function painter(): Painter {
  const signed = along('--signed-stops', -1, 1);
  const weights = along('--weight-stops', 0, 1);
  const ink = property('--ink');
  return (x, role, extent) => {
    if (Number.isNaN(x) || x === -Infinity) return { background: 'transparent', ink };
    // Weights below 0 exist (normalising by the sum); only the signed scale can show them.
    const background = role === 'weights' && x >= 0 ? weights(x) : signed(role === 'weights' ? -1 : extent > 0 ? x / extent : 0);
    return { background, ink: readable(background, ink) };
  };
}

/** Steps of the precomputed table: enough that no eye sees them. Two more: what has no colour, and weights below 0. */
const STEPS = 511;
const CLEAR = STEPS + 1;
const BELOW = STEPS + 2;

const tables = new WeakMap<Painter, Partial<Record<Role, Uint32Array>>>();

/** A scale as 32-bit pixels, as canvases keep them on little-endian machines, which all are. */
function tableOf(paint: Painter, role: Role): Uint32Array {
  const known = tables.get(paint) ?? {};
  tables.set(paint, known);
  if (known[role]) return known[role];
  const table = (known[role] = new Uint32Array(STEPS + 3));
  const pixel = (x: number) => {
    const [r, g, b] = channels(paint(x, role, 1).background).map((channel) => Math.round(255 * channel)) as [number, number, number];
    return (255 << 24) | (b << 16) | (g << 8) | r;
  };
  for (let i = 0; i <= STEPS; i++) table[i] = pixel(role === 'weights' ? i / STEPS : (2 * i) / STEPS - 1);
  table[BELOW] = pixel(-1);
  return table;
}

/** From a number to its pixel. */
export function pixelsOf(paint: Painter, role: Role, extent: number): (x: number) => number {
  const table = tableOf(paint, role);
  const [from, width] = role === 'weights' ? [0, 1] : [-extent, 2 * extent];
  return (x) => {
    if (x === -Infinity || Number.isNaN(x)) return table[CLEAR]!;
    if (role === 'weights' && x < 0) return table[BELOW]!;
    const at = width > 0 ? (x - from) / width : 0.5;
    return table[Math.round(STEPS * (at < 0 ? 0 : at > 1 ? 1 : at))]!;
  };
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
