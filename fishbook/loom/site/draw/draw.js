// <draw-digit>: the reader draws a digit, and the sample network of chapter 2 says what it
// sees. All of it happens in the reader's browser. draw-weights.js, made at the build, holds
// the weights. Material runs this file anew at each visit of the page: once is enough.
window.fishbookDraw ??= (() => {
  const SIDE = 28; // of an MNIST image
  const BOX = 20; // what a digit is scaled into
  const CENTRE = 14; // the pixel, counted from 0, where MNIST puts the centre of mass
  const INK = 280; // side of the canvas that is read, whatever the screen's
  const PEN = 0.085; // width of the pen; the board's side is 1
  const STEP = 0.04; // of the keyboard's cursor

  // ---- The network ----

  // The number that 16 bits mean: 1 for the sign, 5 for the exponent, 10 for the fraction.
  function fromHalf(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
  }

  function unpack({ shape, data }) {
    const bytes = atob(data);
    const half = i => bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
    const values = Float64Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(half(i)));
    return { shape, values };
  }

  let network;
  function sampleNetwork() {
    network ??= Object.fromEntries(
      Object.entries(window.fishbookWeights).map(([name, packed]) => [name, unpack(packed)]),
    );
    return network;
  }

  // x @ W + b for one sample.
  function affine(x, W, b) {
    const [rows, columns] = W.shape;
    if (x.length !== rows) throw new RangeError(`got ${x.length} numbers, but want ${rows}`);
    const out = Float64Array.from(b.values);
    for (let i = 0; i < rows; i++)
      if (x[i]) for (let j = 0; j < columns; j++) out[j] += x[i] * W.values[i * columns + j];
    return out;
  }

  // Neither form overflows where it is used.
  function sigmoid(a) {
    if (a >= 0) return 1 / (1 + Math.exp(-a));
    const e = Math.exp(a);
    return e / (1 + e);
  }

  function softmax(a) {
    const largest = Math.max(...a);
    const exps = a.map(v => Math.exp(v - largest));
    const sum = exps.reduce((s, v) => s + v, 0);
    return exps.map(v => v / sum);
  }

  // What the three layers make of 784 pixels from 0 (ground) to 1 (ink): z1, z2, scores.
  function layers(pixels, { W1, b1, W2, b2, W3, b3 } = sampleNetwork()) {
    const z1 = affine(pixels, W1, b1).map(sigmoid);
    const z2 = affine(z1, W2, b2).map(sigmoid);
    return [z1, z2, affine(z2, W3, b3)];
  }

  // The probabilities of 0 to 9.
  function predict(pixels) {
    return softmax(layers(pixels)[2]);
  }

  // The way back through x @ W, and through the sigmoid whose output is z.
  function backAffine(dout, { shape: [rows, columns], values }) {
    const row = i => values.subarray(i * columns, (i + 1) * columns);
    return Float64Array.from({ length: rows }, (_, i) =>
      row(i).reduce((sum, w, j) => sum + w * dout[j], 0),
    );
  }

  function backSigmoid(dout, z) {
    return dout.map((d, i) => d * z[i] * (1 - z[i]));
  }

  // What each pixel's ink does for the answer: ink times the gradient of the answer's lead,
  // which is its score less the mean of the nine others.
  function why(pixels) {
    const { W1, W2, W3 } = sampleNetwork();
    const [z1, z2, scores] = layers(pixels);
    const best = scores.indexOf(Math.max(...scores));
    const lead = scores.map((_, digit) => (digit === best ? 1 : -1 / 9));
    const d2 = backSigmoid(backAffine(lead, W3), z2);
    const d1 = backSigmoid(backAffine(d2, W2), z1);
    return backAffine(d1, W1).map((d, i) => d * pixels[i]);
  }

  // In which ninth of the image the sum is largest, 0 (top left) to 8; 9 if none is above 0.
  function mostlyAt(amounts) {
    const ninths = new Float64Array(10);
    const third = pixel => Math.floor((3 * pixel) / SIDE);
    amounts.forEach((amount, i) => {
      ninths[3 * third(Math.floor(i / SIDE)) + third(i % SIDE)] += amount;
    });
    const most = Math.max(...ninths);
    return most > 0 ? ninths.indexOf(most) : 9;
  }

  // ---- From ink to an MNIST image ----

  // The smallest box that holds all ink, or null.
  function boxOf(ink, width, height) {
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (ink[y * width + x] > 0) {
          left = Math.min(left, x);
          right = Math.max(right, x + 1);
          top = Math.min(top, y);
          bottom = y + 1;
        }
    return right ? { left, top, width: right - left, height: bottom - top } : null;
  }

  // What the `count` pixels of a line give to each pixel of the scaled line, as pairs
  // [source, share]. The last one may be covered in part: ink is neither lost nor stretched.
  function shares(count, scale) {
    const length = Math.ceil(count * scale - 1e-9);
    return Array.from({ length }, (_, target) => {
      const [from, to] = [target / scale, (target + 1) / scale];
      const pairs = [];
      for (let s = Math.floor(from); s < Math.min(Math.ceil(to), count); s++)
        pairs.push([s, (Math.min(to, s + 1) - Math.max(from, s)) * scale]);
      return pairs;
    });
  }

  // The box's ink scaled to at most BOX x BOX pixels, each the mean of what it covers.
  function scaleInk(ink, width, box) {
    const scale = BOX / Math.max(box.width, box.height);
    const across = shares(box.width, scale);
    const down = shares(box.height, scale);
    const rows = down.map(pairs => {
      const row = new Float64Array(box.width);
      for (const [y, share] of pairs)
        for (let x = 0; x < box.width; x++)
          row[x] += share * ink[(box.top + y) * width + box.left + x];
      return row;
    });
    return rows.map(row =>
      across.map(pairs => pairs.reduce((sum, [x, share]) => sum + share * row[x], 0)),
    );
  }

  // Where a line of ink begins in the image, so that its centre of mass stands at CENTRE. No
  // ink leaves the image, even where nearly all of it is at one end of a long stroke.
  function place(weights) {
    const mass = weights.reduce((sum, w) => sum + w, 0);
    const mean = weights.reduce((sum, w, i) => sum + w * i, 0) / mass;
    return Math.min(Math.max(Math.round(CENTRE - mean), 0), SIDE - weights.length);
  }

  // Ink, from 0 to 1, as MNIST's images were made of it: cropped, scaled into a box of
  // 20 x 20, put by its centre of mass into 28 x 28. Without any ink: null.
  function toMnist(ink, width, height) {
    const box = boxOf(ink, width, height);
    if (!box) return null;
    const small = scaleInk(ink, width, box);
    const top = place(small.map(row => row.reduce((sum, v) => sum + v, 0)));
    const left = place(small[0].map((_, x) => small.reduce((sum, row) => sum + row[x], 0)));
    const image = new Float32Array(SIDE * SIDE);
    small.forEach((row, y) => image.set(row, (top + y) * SIDE + left));
    return image;
  }

  // ---- Strokes: lists of [x, y], the board's side is 1 ----

  // A smooth line through the points' middles; a point given twice is a corner.
  function trace(context, points) {
    const [first, ...rest] = points;
    context.moveTo(...first);
    rest.forEach(([x, y], i) => {
      const [nextX, nextY] = rest[i + 1] ?? [x, y];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    });
  }

  function paintStrokes(context, strokes, side) {
    context.lineWidth = PEN * side;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) {
      const points = stroke.map(([x, y]) => [x * side, y * side]);
      context.beginPath();
      if (points.length > 1) {
        trace(context, points);
        context.stroke();
      } else {
        context.arc(...points[0], (PEN * side) / 2, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  function newCanvas(side) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    return canvas;
  }

  // How much ink each pixel of a canvas has: 0 where nothing was drawn, 1 where it covers.
  function inkOf(canvas) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return Float32Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3] / 255);
  }

  let pad;
  function imageOf(strokes) {
    pad ??= newCanvas(INK);
    const context = pad.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, INK, INK);
    paintStrokes(context, strokes, INK);
    return toMnist(inkOf(pad), INK, INK);
  }

  // An example of each digit: points in percent of the board's side, strokes parted by ";".
  const samples = [
    "50,18 37,24 31,40 31,60 38,76 50,82 62,76 69,60 69,40 63,24 50,18",
    "55,18 50,50 45,82",
    "33,34 39,21 52,17 64,24 65,38 56,54 43,68 32,80 32,80 50,79 70,80",
    "34,24 46,17 60,20 66,32 58,44 46,48 46,48 62,52 69,64 62,77 48,82 33,77",
    "36,18 33,50 33,50 68,49; 63,20 61,50 58,84",
    "66,20 41,20 41,20 38,46 38,46 53,43 66,52 67,68 56,80 41,81 32,74",
    "60,18 45,34 36,54 38,72 49,82 62,76 66,63 56,53 44,56 37,68",
    "31,22 68,22 68,22 56,50 46,82",
    "62,28 50,18 39,26 41,40 52,49 63,62 61,77 49,83 38,76 38,62 50,49 61,38 62,28",
    "64,34 54,20 41,24 35,38 43,50 56,48 64,34 64,34 63,58 58,84",
  ].map(digit =>
    digit.split("; ").map(stroke =>
      stroke.split(" ").map(point => point.split(",").map(number => number / 100)),
    ),
  );

  // ---- Words ----

  // Of each phrase one or two pairs of language and text, as the page's edition has them.
  const WORDS = JSON.parse(document.getElementById("draw-words").content.textContent);

  const said = words => words.map(([, text]) => text).join(" ");

  // Fill an element with its words, one span for each language.
  function put(element, words) {
    const spans = words.map(([lang, text]) => make("span", { lang }, text));
    element.replaceChildren(...spans.flatMap(span => [" ", span]).slice(1));
    return element;
  }

  function percent(p) {
    if (p > 0.999) return ">99.9%";
    return p < 0.001 ? "<0.1%" : `${(100 * p).toFixed(1)}%`;
  }

  function answer(digit, p) {
    const words = digit === 8 ? WORDS.answer_8 : WORDS.answer;
    return words.map(([lang, text]) => [
      lang,
      text.replace("{digit}", digit).replace("{p}", () => percent(p)),
    ]);
  }

  function reason(digit, effects) {
    const [plus, minus] = [mostlyAt(effects), mostlyAt(effects.map(v => -v))];
    return WORDS.reason.map(([lang, text], i) => {
      const places = WORDS.places[i][1].split("|");
      const [yes, no] = [places[plus], places[minus]];
      return [
        lang,
        text.replace("{digit}", digit).replace("{for}", yes).replace("{against}", no),
      ];
    });
  }

  // ---- The element ----

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const inside = number => Math.min(Math.max(number, 0), 1);

  class DrawDigit extends HTMLElement {
    strokes = [];
    past = []; // what the strokes were before each change
    cursor = null; // the keyboard's place on the board
    down = false; // whether a pen is down, the keyboard's or a pointer's

    connectedCallback() {
      if (!this.firstChild) this.build();
      this.onScheme = new MutationObserver(() => this.paint());
      this.onScheme.observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
      this.onSize = new ResizeObserver(() => this.paint());
      this.onSize.observe(this.board);
      this.refresh();
    }

    disconnectedCallback() {
      this.onScheme.disconnect();
      this.onSize.disconnect();
      clearTimeout(this.speaking);
    }

    build() {
      this.board = make("canvas", {
        class: "draw-board",
        tabindex: 0,
        role: "application",
        "aria-label": said(WORDS.board),
        "aria-describedby": "draw-keys",
      });
      this.headline = make("p", { class: "draw-answer" });
      this.status = make("p", { class: "draw-status", role: "status" });
      [this.seen, this.effects] = [WORDS.seen, WORDS.why].map(words => {
        const canvas = newCanvas(SIDE);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", said(words));
        return canvas;
      });
      const parts = [
        this.headline,
        make("div", { class: "draw-drawing" }, this.board, this.changers()),
        make("div", { class: "draw-more" }, ...this.examples(), this.help()),
        make("div", { class: "draw-results" }, this.table(), this.pictures()),
      ];
      this.append(make("div", { class: "draw-grid" }, ...parts), this.status);
      this.listen();
    }

    button(words, act) {
      const button = put(make("button", { type: "button", class: "draw-button" }), words);
      button.addEventListener("click", act);
      return button;
    }

    changers() {
      const undo = this.button(WORDS.undo, () => this.undo());
      const clear = this.button(WORDS.clear, () => this.clear());
      return make("div", { class: "draw-changers" }, undo, clear);
    }

    examples() {
      const buttons = samples.map((strokes, digit) => {
        const button = make("button", { type: "button", class: "draw-button" }, `${digit}`);
        button.addEventListener("click", () => this.change(strokes));
        return button;
      });
      const group = { class: "draw-samples", role: "group", "aria-labelledby": "draw-samples" };
      const label = put(make("p", { id: "draw-samples" }), WORDS.samples);
      return [label, make("div", group, ...buttons)];
    }

    help() {
      return put(make("p", { class: "draw-keys", id: "draw-keys" }), WORDS.keys);
    }

    table() {
      this.rows = samples.map((_, digit) => {
        const bar = make("span", { class: "draw-bar" });
        const number = make("td", { class: "draw-number" });
        const row = make(
          "tr",
          {},
          make("th", { scope: "row" }, `${digit}`),
          make("td", {}, bar),
          number,
        );
        return { row, bar, number };
      });
      const caption = put(make("caption"), WORDS.bars);
      const body = make("tbody", {}, ...this.rows.map(({ row }) => row));
      return make("table", { class: "draw-bars" }, caption, body);
    }

    pictures() {
      const both = [
        [this.seen, WORDS.seen],
        [this.effects, WORDS.why],
      ].map(([canvas, words]) => make("div", {}, canvas, put(make("p"), words)));
      return make("div", { class: "draw-pictures" }, ...both);
    }

    listen() {
      const { board } = this;
      board.addEventListener("pointerdown", event => this.press(event));
      board.addEventListener("pointermove", event => this.drag(event));
      for (const type of ["pointerup", "pointercancel"])
        board.addEventListener(type, () => this.release());
      board.addEventListener("keydown", event => this.key(event));
      board.addEventListener("blur", () => this.leave());
    }

    // Pointers: mouse, finger, pen.

    point(event) {
      const { left, top, width, height } = this.board.getBoundingClientRect();
      return [(event.clientX - left) / width, (event.clientY - top) / height];
    }

    press(event) {
      if (event.button || !event.isPrimary) return;
      this.board.setPointerCapture(event.pointerId);
      this.cursor = null;
      this.begin(this.point(event));
      this.pointer = true;
    }

    drag(event) {
      if (!this.pointer || !event.isPrimary) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of [...events, event]) this.extend(this.point(each));
      this.refreshSoon();
    }

    release() {
      if (this.down) this.speakSoon();
      this.pointer = this.down = false;
    }

    // The keyboard.

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = {
        " ": () => this.toggle(),
        Enter: () => this.toggle(),
        Backspace: () => this.undo(),
        Delete: () => this.clear(),
        Escape: () => this.clear(),
      }[event.key];
      const arrow = ARROWS[event.key];
      if (!act && !arrow) return;
      event.preventDefault();
      event.stopPropagation();
      if (arrow) this.move(arrow);
      else if (!event.repeat || event.key === "Backspace") act();
    }

    toggle() {
      this.cursor ??= [0.5, 0.25];
      if (this.down) this.release();
      else this.begin(this.cursor);
      this.speak(this.down ? WORDS.penDown : WORDS.penUp);
      this.paint();
    }

    move([x, y]) {
      this.cursor ??= [0.5, 0.25];
      this.cursor = [inside(this.cursor[0] + x * STEP), inside(this.cursor[1] + y * STEP)];
      if (this.down) this.extend(this.cursor);
      this.refreshSoon();
    }

    leave() {
      this.cursor = null;
      this.release();
      this.paint();
    }

    // Changes; each can be undone.

    change(strokes) {
      this.release();
      this.past.push(this.strokes);
      this.strokes = strokes;
      this.refreshSoon();
    }

    begin(point) {
      this.change([...this.strokes, [point]]);
      this.down = true;
    }

    // The stroke under the pen is in no other list, so it may grow.
    extend(point) {
      const last = this.strokes.at(-1);
      const [x, y] = last.at(-1);
      if (Math.hypot(point[0] - x, point[1] - y) > 0.004) last.push(point);
    }

    undo() {
      this.release();
      this.strokes = this.past.pop() ?? [];
      this.refreshSoon();
    }

    clear() {
      if (this.strokes.length) this.change([]);
    }

    // What is shown.

    refreshSoon() {
      this.waiting ??= requestAnimationFrame(() => this.refresh());
    }

    refresh() {
      cancelAnimationFrame(this.waiting);
      this.waiting = undefined;
      this.image = imageOf(this.strokes);
      this.probabilities = this.image && predict(this.image);
      this.why = this.image && why(this.image);
      this.paint();
      this.report();
      if (this.past.length && !this.down) this.speakSoon();
    }

    paint() {
      const { board } = this;
      const colour = getComputedStyle(this).color;
      const side = Math.round(board.clientWidth * devicePixelRatio);
      board.width = board.height = side;
      const context = board.getContext("2d");
      context.fillStyle = context.strokeStyle = colour;
      paintStrokes(context, this.strokes, side);
      if (this.cursor) this.paintCursor(context, side);
      const ink = [...(this.image ?? [])];
      const most = Math.max(...(this.why ?? []).map(Math.abs));
      const strength = ink.map((_, i) => (Math.abs(this.why[i]) / most) ** 0.4);
      const sides = ["against", "for"].map(side => this.colour(`--draw-${side}`));
      this.paintPixels(this.seen, ink, () => colour);
      this.paintPixels(this.effects, strength, i => sides[+(this.why[i] > 0)]);
    }

    colour(name) {
      return getComputedStyle(this).getPropertyValue(name).trim();
    }

    paintPixels(canvas, strengths, colourOf) {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, SIDE, SIDE);
      strengths.forEach((strength, i) => {
        context.globalAlpha = strength;
        context.fillStyle = colourOf(i);
        context.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1);
      });
    }

    paintCursor(context, side) {
      const [x, y] = this.cursor.map(number => number * side);
      context.strokeStyle = context.fillStyle = this.colour("--md-accent-fg-color");
      context.lineWidth = side / 120;
      context.beginPath();
      context.arc(x, y, (PEN * side) / 2 + context.lineWidth, 0, 2 * Math.PI);
      if (this.down) context.fill();
      context.stroke();
    }

    report() {
      const p = this.probabilities;
      const best = p ? p.indexOf(Math.max(...p)) : -1;
      put(this.headline, p ? answer(best, p[best]) : WORDS.empty);
      this.rows.forEach(({ row, bar, number }, digit) => {
        row.classList.toggle("draw-best", digit === best);
        bar.style.width = `${100 * (p?.[digit] ?? 0)}%`;
        number.textContent = p ? percent(p[digit]) : "–";
      });
      this.answer = p ? answer(best, p[best]) : WORDS.cleared;
      const label = p ? reason(best, this.why) : WORDS.why;
      this.effects.setAttribute("aria-label", said(label));
    }

    speak(words) {
      put(this.status, words);
    }

    // Say the answer when the reader rests, not at each movement.
    speakSoon() {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => this.speak(this.answer), 700);
    }
  }

  if (!customElements.get("draw-digit")) customElements.define("draw-digit", DrawDigit);
  return { toMnist, predict, why, mostlyAt, inkOf, imageOf, samples, fromHalf };
})();
