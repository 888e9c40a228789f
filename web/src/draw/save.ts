/** Files of a picture: PNG and SVG of what is seen, CSV and JSON of its numbers; title, link and selection are in each. */
import { csvFormatRows } from 'd3-dsv';
import type { Format, Palette, Picture, Shown } from './picture.js';
import { CanvasSurface, SvgSurface, type Surface } from './surface.js';

/** What is said in the file besides the picture. */
export interface Caption { title: string; link: string; /** The locked place in words; '' where none is. */ selection: string }

const MARGIN = 24;
const LINE = 22;
/** Of the screen's pixels for each of the picture's. */
const PNG_SCALE = 2;

const TOP = MARGIN + 2 * LINE;
const sizeOf = (picture: { width: number; height: number }) => ({ width: Math.max(360, picture.width + 2 * MARGIN), height: TOP + picture.height + 2 * MARGIN });

/** The picture between its title and its link. */
function compose<Place>(on: Surface, { picture, locked }: Shown<Place>, palette: Palette, { title, link, selection }: Caption) {
  const { width, height } = sizeOf(picture);
  on.rect(0, 0, width, height, { fill: palette.card });
  on.text(title, MARGIN, MARGIN, { size: 16, fill: palette.ink, weight: 600 });
  if (selection) on.text(selection, MARGIN, MARGIN + LINE, { size: 13, fill: palette.muted });
  on.group(MARGIN, TOP, () => picture.draw(on, palette, { preview: null, locked, related: () => false }, { x: 0, y: 0, width: picture.width, height: picture.height, scale: 1 }));
  on.text(link.length > 120 ? `${link.slice(0, 117)}…` : link, MARGIN, height - MARGIN / 2, { size: 10, fill: palette.muted });
}

function svg<Place>(shown: Shown<Place>, palette: Palette, caption: Caption): string {
  const on = new SvgSurface();
  compose(on, shown, palette, caption);
  const { width, height } = sizeOf(shown.picture);
  return on.file(width, height, [caption.title, caption.selection, caption.link].filter(Boolean).join('\n'));
}

function png<Place>(shown: Shown<Place>, palette: Palette, caption: Caption): Promise<Blob> {
  const { width, height } = sizeOf(shown.picture);
  const canvas = Object.assign(document.createElement('canvas'), { width: PNG_SCALE * width, height: PNG_SCALE * height });
  const context = canvas.getContext('2d')!;
  context.scale(PNG_SCALE, PNG_SCALE);
  compose(new CanvasSurface(context), shown, palette, caption);
  return new Promise((resolve, reject) => { canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no PNG'))), 'image/png'); });
}

/** A number as every reader of CSV takes it; JSON has no other way either. */
const written = (x: number) => (Number.isFinite(x) ? x : String(x));

function csv<Place>(picture: Picture<Place>, { title, link, selection }: Caption): string {
  const rows = picture.values().flatMap(({ name, rows: names, columns, values }) =>
    [[name, ...columns], ...values.map((row, r) => [names[r]!, ...row.map((x) => String(written(x)))]), []]);
  return csvFormatRows([[title], [link], ...(selection ? [[selection]] : []), [], ...rows]);
}

const json = <Place>({ picture, locked }: Shown<Place>, { title, link, selection }: Caption) => JSON.stringify({
  title, link, selection: selection ? { place: locked, text: selection } : null,
  matrices: picture.values().map(({ values, ...sheet }) => ({ ...sheet, values: values.map((row) => row.map(written)) })),
}, null, 1);

export async function fileOf<Place>(format: Format, shown: Shown<Place>, palette: Palette, caption: Caption): Promise<Blob> {
  switch (format) {
    case 'png': return png(shown, palette, caption);
    case 'svg': return new Blob([svg(shown, palette, caption)], { type: 'image/svg+xml' });
    case 'csv': return new Blob(['\uFEFF', csv(shown.picture, caption)], { type: 'text/csv' }); // the mark tells spreadsheets that it is UTF-8
    case 'json': return new Blob([json(shown, caption)], { type: 'application/json' });
  }
}

/** As a download of the browser's own. */
export function handOver(blob: Blob, name: string) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}
