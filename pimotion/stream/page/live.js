// Live pictures. A browser tells little of an endless picture: neither that a new frame has come
// (Chrome) nor that none comes any more. So once a second a few pixels are looked at.

import { HERE } from "./words.js";

const RETRY_MS = 2000;
const RENEW_MS = 30 * 60 * 1000; // Chrome's memory grows on an endless stream (ustreamer issue 30)
const PATIENCE_MS = 3000; // a picture that stays the same for so long, though its camera goes on,
const LONGEST_MS = 60 * 1000; // is asked for again; in vain: after twice the time, at most this
const HEALTHY_CHECKS = 10; // changes in a row after which all is forgiven
const WALL_MS = 100; // the server puts ten pictures a second together

// Chrome and its kin paint a frame when the header of the next one is there (Chromium bug 527446).
const PAINTS_LATE = /Chrom(e|ium)\//.test(navigator.userAgent);

// Nothing, of no size of its own. Loading something else is what makes a browser close a stream; and
// not a data: URL, because what a page loads while it is left counts as a connection for the policy.
const NOTHING = new URL("static/blank.svg", HERE).href;

export function streamUrl(id, overlay = null) {
  const query = new URLSearchParams();
  if (PAINTS_LATE) query.set("advance", "1");
  if (overlay) query.set("overlay", overlay.join(","));
  return `${id}/stream.mjpg?${query}`;
}

// One stream in an <img>. While it is closed or opened anew, the canvas behind it, if there is one,
// shows the last picture.
export class Stream {
  constructor(image, canvas = null) {
    this.image = image;
    this.canvas = canvas;
    this.url = null;
    this.refusal = null; // why the server gives no stream, in its words
    this.timer = null;
    this.isRenewing = false;
    this.patienceMs = PATIENCE_MS;
    this.changesInARow = 0;
    image.addEventListener("error", () => this.url && this.retry());
    image.addEventListener("load", () => this.loaded());
    this.forget();
  }

  // True when the element shows a picture of the stream.
  get shows() {
    const { image } = this;
    return this.url !== null && image.complete && image.naturalWidth > 0 && image.src !== NOTHING;
  }

  open(url) {
    if (url === this.url) return;
    this.close();
    this.url = url;
    this.load();
  }

  close() {
    clearTimeout(this.timer);
    this.freeze();
    this.isRenewing = false;
    this.url = null;
    this.image.src = NOTHING;
    this.forget();
  }

  // Open it again. The same address alone would change nothing, nor would it before the nothing has
  // come: until then the browser keeps the old stream, and gives it to who asks for its address.
  renew() {
    if (this.url === null) return;
    this.freeze();
    this.isRenewing = true;
    this.image.src = NOTHING;
    this.later(RETRY_MS, () => this.load());
  }

  loaded() {
    this.refusal = null;
    if (this.isRenewing && this.image.complete) this.load();
  }

  load() {
    this.isRenewing = false;
    this.image.src = this.url;
    this.forget();
    this.later(RENEW_MS, () => this.renew());
  }

  retry() {
    this.later(RETRY_MS, () => this.load());
    refusalOf(this.url).then((text) => (this.refusal = text));
  }

  later(delayMs, what) {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, delayMs);
  }

  // Once a second: is the picture another one? `dueMs` says how soon it should be; null: never.
  check(dueMs) {
    if (this.url === null) return;
    const print = this.shows ? fingerprintOf(this.image) : null;
    const changed = print !== this.print;
    this.print = print;
    this.changesInARow = changed ? this.changesInARow + 1 : 0;
    if (this.changesInARow >= HEALTHY_CHECKS) this.patienceMs = PATIENCE_MS;
    if (changed || dueMs === null) {
      this.changedAt = performance.now();
    } else if (performance.now() - this.changedAt > Math.max(this.patienceMs, dueMs)) {
      this.patienceMs = Math.min(2 * this.patienceMs, LONGEST_MS);
      this.renew();
    }
  }

  forget() {
    this.print = null;
    this.changedAt = performance.now();
  }

  freeze() {
    if (!this.canvas || !this.shows) return;
    const { naturalWidth, naturalHeight } = this.image;
    draw(this.canvas, this.image, 0, 0, naturalWidth, naturalHeight);
    setShape(this.image, naturalWidth, naturalHeight);
  }
}

// An <img> does not say why it failed.
async function refusalOf(url) {
  const asking = new AbortController();
  try {
    const answer = await fetch(new URL(url, HERE), { cache: "no-store", signal: asking.signal });
    return answer.ok ? null : (await answer.text()).trim();
  } catch {
    return null; // no contact, which the whole page says
  } finally {
    asking.abort();
  }
}

// All cameras in one stream, because a browser opens six connections to a host. Each camera's part
// is drawn onto a canvas of its own.
export class Wall {
  constructor() {
    this.image = new Image();
    this.image.className = "wall";
    this.image.alt = "";
    document.body.append(this.image); // where every browser keeps it going
    this.stream = new Stream(this.image);
    this.pieces = []; // in the order of the cameras
    this.timer = null;
    this.visible = new Set();
    this.eye = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        this.visible[isIntersecting ? "add" : "delete"](target);
      }
    }, { rootMargin: "300px" });
  }

  // Show the next camera on a canvas; the <img> before it has its shape.
  add(canvas, image) {
    this.pieces.push({ canvas, image });
    this.eye.observe(canvas);
  }

  open() {
    this.stream.open(streamUrl("all"));
    clearInterval(this.timer);
    this.timer = setInterval(() => this.draw(), WALL_MS);
  }

  close() {
    clearInterval(this.timer);
    this.stream.close();
  }

  draw() {
    if (!this.stream.shows) return;
    const cells = cellsOf(this.image, this.pieces.length);
    this.pieces.forEach(({ canvas, image }, n) => {
      if (!this.visible.has(canvas)) return;
      const { left, top, width, height } = cells[n];
      draw(canvas, this.image, left, top, width, height);
      setShape(image, width, height);
    });
  }
}

// Where the server has put each camera (pimotion/render/mosaic.py).
function cellsOf(image, count) {
  const [whole, high] = [image.naturalWidth, image.naturalHeight];
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const gap = 2 * Math.round(whole / 640);
  const width = Math.max(2, Math.floor((whole - gap * (columns - 1)) / columns / 2) * 2);
  const height = (high + gap) / rows - gap;
  const margin = Math.floor((whole + gap - (width + gap) * columns) / 4) * 2;
  return Array.from({ length: count }, (_, n) => ({
    left: margin + (n % columns) * (width + gap),
    top: Math.floor(n / columns) * (height + gap),
    width,
    height,
  }));
}

function draw(canvas, image, left, top, width, height) {
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
  }
  const context = canvas.getContext("2d");
  context.fillStyle = context.createPattern(image, "no-repeat");
  copy(context, left, top, width, height, 0, 0);
}

// Copy a part of the picture that is the pattern. By drawImage, Firefox copies the first frame of an
// endless picture again and again (153, November 2026).
function copy(context, left, top, width, height, x, y) {
  context.setTransform(1, 0, 0, 1, x - left, y - top);
  context.fillRect(left, top, width, height);
}

function setShape(image, width, height) {
  const shape = `auto ${width} / ${height}`;
  if (image.style.aspectRatio !== shape) image.style.aspectRatio = shape;
}

const glance = document.createElement("canvas");
const looks = glance.getContext("2d", { willReadFrequently: true });
const ROWS = 40; // one in 18 of 720, of which time and name are two

// A number that changes with the picture. It is made of whole rows as they are: a smaller picture
// looks different from time to time, as the browser's fancy takes it to decode and to scale.
function fingerprintOf(image) {
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  [glance.width, glance.height] = [width, ROWS];
  looks.fillStyle = looks.createPattern(image, "no-repeat");
  for (let row = 0; row < ROWS; row += 1) {
    const at = Math.floor(((row + 0.5) * height) / ROWS);
    copy(looks, 0, at, width, 1, 0, row);
  }
  const pixels = new Uint32Array(looks.getImageData(0, 0, width, ROWS).data.buffer);
  let print = 0;
  for (const pixel of pixels) print = (Math.imul(print, 31) + pixel) | 0;
  return print;
}
