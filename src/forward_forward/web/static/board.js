// The drawing area: strokes by mouse, touch or pen, cells by keyboard, pictures, and what is sent of them.

import { element, pack, showPixels } from "./api.js";

const SIDE = 384; // of the canvas, in its own pixels
const SENT = 96; // of what is sent
const MOST_STEPS = 30; // that can be taken back
const CELLS = 16; // of the keyboard's grid, each way, where images are as large

export class Board {
  constructor({ canvas, cursor, changed, moved }) {
    this.canvas = canvas;
    this.cursor = cursor;
    this.changed = changed;
    this.moved = moved;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.small = element("canvas");
    this.small.width = this.small.height = SENT;
    this.past = [];
    this.exact = null; // pixels in the model's own size, while nothing else was drawn
    this.pen = 9;
    this.colour = "#ffffff";
    this.pointer = null;
    this.fit([1, 28, 28]);
    this.wipe();
    this.listen();
  }

  // Make ready for images of another shape.
  fit(shape) {
    this.shape = shape;
    this.cells = Math.min(CELLS, shape[1]);
    this.at = [Math.floor(this.cells / 2), Math.floor(this.cells / 2)];
    this.showCursor();
  }

  wipe() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, SIDE, SIDE);
    this.empty = true;
    this.exact = null;
  }

  clear() {
    this.keep();
    this.wipe();
    this.changed();
  }

  keep() {
    const { exact, empty } = this;
    this.past.push({ exact, empty, image: this.context.getImageData(0, 0, SIDE, SIDE) });
    if (this.past.length > MOST_STEPS) this.past.shift();
  }

  undo() {
    const last = this.past.pop();
    if (!last) return;
    this.context.putImageData(last.image, 0, 0);
    this.exact = last.exact;
    this.empty = last.empty;
    this.changed();
  }

  invert() {
    this.keep();
    const image = this.context.getImageData(0, 0, SIDE, SIDE);
    for (let i = 0; i < image.data.length; i += 1) if (i % 4 < 3) image.data[i] = 255 - image.data[i];
    this.context.putImageData(image, 0, 0);
    if (this.exact) this.exact = this.exact.map((value) => 255 - value);
    this.empty = false;
    this.changed();
  }

  // Show an image of the model's own size, to be read as it is.
  showExact(bytes) {
    this.keep();
    showPixels(this.small, bytes, this.shape);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(this.small, 0, 0, SIDE, SIDE);
    this.small.width = this.small.height = SENT;
    this.exact = bytes;
    this.empty = false;
    this.changed();
  }

  // Show a picture: its middle square; ink on paper becomes light ink on black where `ink` says so.
  async showPicture(blob, ink) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob);
    } catch {
      throw new Error("This is no picture that the browser can read; choose a PNG or JPEG.");
    }
    this.keep();
    const cut = Math.min(bitmap.width, bitmap.height);
    this.context.imageSmoothingEnabled = true;
    this.context.imageSmoothingQuality = "high";
    this.wipe();
    this.context.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, SIDE, SIDE);
    bitmap.close();
    if (this.shape[0] === 1) this.context.putImageData(greyed(this.context.getImageData(0, 0, SIDE, SIDE), ink), 0, 0);
    this.empty = false;
    this.changed();
  }

  // What is to be sent: bytes channel by channel, and their shape.
  pixels() {
    const [channels, height, width] = this.shape;
    if (this.exact) return { pixels: pack(this.exact), channels, height, width, exact: true };
    const context = this.small.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.canvas, 0, 0, SENT, SENT);
    const { data } = context.getImageData(0, 0, SENT, SENT);
    const bytes = new Uint8Array(channels * SENT * SENT);
    for (let c = 0; c < channels; c += 1) {
      for (let i = 0; i < SENT * SENT; i += 1) bytes[c * SENT * SENT + i] = data[4 * i + c];
    }
    return { pixels: pack(bytes), channels, height: SENT, width: SENT, exact: false };
  }

  stroke(from, to) {
    const { context } = this;
    context.strokeStyle = this.colour;
    context.lineWidth = (this.pen / 100) * SIDE;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
    this.exact = null;
    this.empty = false;
    this.changed();
  }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.pointer) return;
      canvas.setPointerCapture(event.pointerId);
      this.keep();
      this.pointer = { id: event.pointerId, at: place(event) };
      this.cursor.hidden = true;
      this.stroke(this.pointer.at, this.pointer.at);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.pointer?.id !== event.pointerId) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) {
        const to = place(each);
        this.stroke(this.pointer.at, to);
        this.pointer.at = to;
      }
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        if (this.pointer?.id === event.pointerId) this.pointer = null;
      });
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => { if (canvas.matches(":focus-visible")) this.showCursor(true); });
    canvas.addEventListener("blur", () => { this.cursor.hidden = true; });
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    const before = this.middle();
    if (step) this.at = this.at.map((value, i) => Math.min(this.cells - 1, Math.max(0, value + step[i])));
    if (event.key === " " || event.shiftKey) {
      this.keep();
      this.stroke(before, this.middle());
    }
    this.showCursor(true);
    this.moved(this.at);
  }

  middle() {
    return this.at.map((value) => ((value + 0.5) / this.cells) * SIDE);
  }

  showCursor(seen = false) {
    const share = 100 / this.cells;
    this.cursor.style.width = this.cursor.style.height = `${share}%`;
    this.cursor.style.left = `${this.at[0] * share}%`;
    this.cursor.style.top = `${this.at[1] * share}%`;
    if (seen) this.cursor.hidden = false;
  }
}

// Grey levels; for `ink`, what stands out from the paper's own grey, whichever of the two is darker.
function greyed(image, ink) {
  const { data, width, height } = image;
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i += 1) grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  let low = 0;
  let high = 255;
  let sign = 1;
  if (ink) {
    const edge = [];
    for (let i = 0; i < width; i += 1) edge.push(grey[i], grey[i * width], grey[grey.length - 1 - i], grey[i * width + width - 1]);
    const paper = edge.sort((a, b) => a - b)[edge.length >> 1];
    sign = paper > 127 ? -1 : 1;
    const apart = grey.map((value) => sign * (value - paper)).sort();
    const most = Math.max(1, apart[Math.floor(apart.length * 0.995)]);
    [low, high] = [sign * paper + 0.25 * most, sign * paper + 0.85 * most];
  }
  for (let i = 0; i < grey.length; i += 1) {
    const value = Math.min(255, Math.max(0, ((sign * grey[i] - low) / (high - low)) * 255));
    data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = value;
    data[4 * i + 3] = 255;
  }
  return image;
}
