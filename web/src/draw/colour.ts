/**
 * The one colour language: signed numbers run from one hue through a neutral 0 to another, weights along one hue.
 * The stops are CSS custom properties (app.css), so that a theme is defined in one place; d3-scale walks along them.
 */
import { range } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import type { Role } from '../../documents/recipe.js';

export interface Paint { background: string; ink: string }
export type Painter = (x: number, role: Role, extent: number) => Paint;

const property = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

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

/** The largest finite magnitude: where the signed scale of a picture ends. */
export const extentOf = (values: number[]) =>
  values.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
