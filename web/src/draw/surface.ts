/** What a picture is drawn on. One drawing serves the screen, PNG and SVG, so that what is saved is what was seen. */

export interface Style { fill?: string; stroke?: string; width?: number; dash?: number[]; opacity?: number }
export interface TextStyle { size: number; fill: string; anchor?: 'start' | 'middle' | 'end'; weight?: number; /** From below upwards. */ upright?: boolean }

/** A field of coloured cells, one pixel each, by rows; `rgba` as ImageData has it. */
export interface Pixels { columns: number; rows: number; rgba: Uint8ClampedArray<ArrayBuffer> }

export interface Surface {
  rect(x: number, y: number, width: number, height: number, style: Style & { radius?: number }): void;
  /** SVG path data. */
  path(d: string, style: Style): void;
  /** `y` is the middle of the line. */
  text(text: string, x: number, y: number, style: TextStyle): void;
  pixels(pixels: Pixels, x: number, y: number, width: number, height: number): void;
  /** What is drawn meanwhile stands so far from the corner. */
  group(x: number, y: number, draw: () => void): void;
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

/** About as wide as letters of 11 px are, where nothing can measure them; a Chinese one is nearly twice a Latin. */
export const widthOf = (text: string) => [...text].reduce((sum, letter) => sum + (letter > '\u2E80' ? 11 : 6.2), 0);

const bitmaps = new WeakMap<Pixels, HTMLCanvasElement>();

function bitmap(pixels: Pixels): HTMLCanvasElement {
  let made = bitmaps.get(pixels);
  if (!made) {
    made = Object.assign(document.createElement('canvas'), { width: pixels.columns, height: pixels.rows });
    made.getContext('2d')!.putImageData(new ImageData(pixels.rgba, pixels.columns, pixels.rows), 0, 0);
    bitmaps.set(pixels, made);
  }
  return made;
}

export class CanvasSurface implements Surface {
  constructor(private context: CanvasRenderingContext2D) { context.imageSmoothingEnabled = false; }

  rect(x: number, y: number, width: number, height: number, { radius = 0, ...style }: Style & { radius?: number }) {
    this.context.beginPath();
    if (radius > 0) this.context.roundRect(x, y, width, height, radius);
    else this.context.rect(x, y, width, height);
    this.#paint(style);
  }

  path(d: string, style: Style) { this.#paint(style, new Path2D(d)); }

  text(text: string, x: number, y: number, { size, fill, anchor = 'start', weight = 400, upright = false }: TextStyle) {
    this.context.font = `${weight} ${size}px ${FONT}`;
    this.context.textAlign = anchor === 'middle' ? 'center' : anchor;
    this.context.textBaseline = 'middle';
    this.context.fillStyle = fill;
    if (!upright) return this.context.fillText(text, x, y);
    this.context.save();
    this.context.translate(x, y);
    this.context.rotate(-Math.PI / 2);
    this.context.fillText(text, 0, 0);
    this.context.restore();
  }

  pixels(pixels: Pixels, x: number, y: number, width: number, height: number) {
    this.context.drawImage(bitmap(pixels), x, y, width, height);
  }

  group(x: number, y: number, draw: () => void) {
    this.context.translate(x, y);
    draw();
    this.context.translate(-x, -y);
  }

  #paint({ fill, stroke, width = 1, dash = [], opacity = 1 }: Style, path?: Path2D) {
    const { context } = this;
    context.globalAlpha = opacity;
    if (fill) {
      context.fillStyle = fill;
      if (path) context.fill(path);
      else context.fill();
    }
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.setLineDash(dash);
      if (path) context.stroke(path);
      else context.stroke();
    }
    context.globalAlpha = 1;
  }
}

const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
const short = (x: number) => String(Math.round(x * 100) / 100);

export class SvgSurface implements Surface {
  #parts: string[] = [];

  rect(x: number, y: number, width: number, height: number, { radius = 0, ...style }: Style & { radius?: number }) {
    this.#parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"${radius ? ` rx="${radius}"` : ''}${this.#style(style)}/>`);
  }

  path(d: string, style: Style) { this.#parts.push(`<path d="${escape(d)}"${this.#style(style)}/>`); }

  text(text: string, x: number, y: number, { size, fill, anchor = 'start', weight = 400, upright = false }: TextStyle) {
    this.#parts.push(`<text x="${short(x)}" y="${short(y)}"${upright ? ` transform="rotate(-90 ${short(x)} ${short(y)})"` : ''} font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}" dominant-baseline="central">${escape(text)}</text>`);
  }

  pixels(pixels: Pixels, x: number, y: number, width: number, height: number) {
    this.#parts.push(`<image x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${bitmap(pixels).toDataURL()}"/>`);
  }

  group(x: number, y: number, draw: () => void) {
    this.#parts.push(`<g transform="translate(${x} ${y})">`);
    draw();
    this.#parts.push('</g>');
  }

  #style({ fill = 'none', stroke, width = 1, dash, opacity = 1 }: Style) {
    return ` fill="${fill}"${stroke ? ` stroke="${stroke}" stroke-width="${short(width)}"` : ''}${dash ? ` stroke-dasharray="${dash.join(' ')}"` : ''}${opacity === 1 ? '' : ` opacity="${opacity}"`}`;
  }

  /** The whole file; `title` is what a screen reader says. */
  file(width: number, height: number, title: string): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${short(width)} ${short(height)}" width="${short(width)}" height="${short(height)}" font-family="${escape(FONT)}" role="img"><title>${escape(title)}</title>\n${this.#parts.join('\n')}\n</svg>\n`;
  }
}
