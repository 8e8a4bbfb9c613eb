// <window-sum>: the reader slides a filter over an image, and paints it. <window-rows>:
// where im2col puts each pixel. Both go by the same list of windows. Counted from 0.
window.fishbookWindows ??= (() => {
  const { make, shape, wordsOf, choices, press, onKeys } = window.fishbookControls;
  const words = wordsOf("window");
  const CELL = 30;
  const ACT = "act"; // what the space bar and a press do
  const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  Object.assign(KEYS, { " ": ACT, Enter: ACT });
  const SAMPLES = ["007e060c18303000", "003c66060c307e00", "0018181818181800"];
  const FILTERS = {
    upright: [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    level: [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    ones: [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
  };

  // ---- The formulas: an image is x[channel][row][column], and so is a filter ----

  const range = n => [...Array(n).keys()];
  const within = (value, limit) => Math.min(Math.max(value, 0), limit - 1);
  const sizes = x => [x.length, x[0].length, x[0][0].length];

  // For each place of the window the pixels in it, [channel, row, column], a row of
  // im2col's matrix. In the padding, rows or columns lie outside of the image.
  function windows([C, H, W], [FH, FW], stride, pad) {
    const starts = (size, filter) =>
      range(Math.floor((size + 2 * pad - filter) / stride) + 1).map(n => n * stride - pad);
    return starts(H, FH).flatMap(top => starts(W, FW).map(left =>
      range(C).flatMap(c => range(FH).flatMap(u => range(FW).map(v => [c, top + u, left + v])))));
  }

  const pixel = (x, [c, i, j]) => x[c][i]?.[j] ?? 0;
  const unfold = (x, filter, stride, pad) =>
    windows(sizes(x), filter, stride, pad).map(row => row.map(at => pixel(x, at)));

  function slide(x, w, stride, pad) {
    const weights = w.flat(2);
    const rows = unfold(x, sizes(w).slice(1), stride, pad);
    return rows.map(row => row.reduce((sum, value, k) => sum + value * weights[k], 0));
  }

  // ---- A table of cells, to point at and to go through by keys ----

  const signed = value => String(value).replace("-", "−");
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => signed(values[name]));

  class Grid {
    at = [0, 0];

    // `use` gets a row, a column and how it was reached: act, drag, hover or key.
    constructor(title, kind, use) {
      const reads = { role: "application", "aria-label": title, "aria-describedby": "window-keys" };
      this.svg = shape("svg", { class: `grid ${kind}`, tabindex: 0, ...reads });
      this.box = make("div", {}, make("p", { class: "keys" }, title), this.svg);
      const go = (at, how) => use(...(this.at = at), how);
      this.svg.addEventListener("pointerdown", event => go(this.cell(event), ACT));
      this.svg.addEventListener("pointermove", event => {
        const at = this.cell(event);
        if (String(at) !== this.over) go(at, event.buttons ? "drag" : "hover");
        this.over = String(at);
      });
      this.svg.addEventListener("pointerleave", () => (this.over = ""));
      onKeys(this.svg, KEYS, key => {
        if (key === ACT) return go(this.at, ACT);
        go(this.at.map((n, axis) => within(n + key[axis], this.size[axis])), "key");
      });
    }

    cell(event) {
      const { top, left, height, width } = this.svg.getBoundingClientRect();
      const shares = [(event.clientY - top) / height, (event.clientX - left) / width];
      return shares.map((share, axis) => within(Math.floor(share * this.size[axis]), this.size[axis]));
    }

    // `cell` gives class and text at a row and a column; a ring is [row, column, side, class].
    draw(rows, columns, cell, rings = []) {
      this.size = [rows, columns];
      this.at = this.at.map((n, axis) => within(n, this.size[axis]));
      const area = (i, j, side, name) =>
        shape("rect", { x: j * CELL, y: i * CELL, width: side * CELL, height: side * CELL, class: name });
      const cells = range(rows * columns).flatMap(n => {
        const [i, j] = [Math.floor(n / columns), n % columns];
        const [kind, text] = cell(i, j);
        const place = { x: (j + 0.5) * CELL, y: (i + 0.68) * CELL };
        return [area(i, j, 1, kind), ...(text === "" ? [] : [shape("text", place, signed(text))])];
      });
      const marks = [...rings, [...this.at, 1, "cursor"]].map(ring => area(...ring));
      this.svg.setAttribute("viewBox", `-2 -2 ${columns * CELL + 4} ${rows * CELL + 4}`);
      this.svg.setAttribute("width", columns * CELL + 4);
      this.svg.replaceChildren(...cells, ...marks);
    }
  }

  // ---- The two figures ----

  class Windows extends HTMLElement {
    channels = 1;
    pad = 0;
    stride = 1;
    groups = {};

    connectedCallback() {
      if (this.firstChild) return;
      this.said = make("p", { class: "said", role: "status" });
      this.append(...this.parts());
      this.show();
    }

    choice(what, names, choose = name => (this[what] = name)) {
      const act = name => {
        choose(name);
        this.show();
      };
      this.groups[what] = choices(words[what], names, name => words[name] ?? name, act);
      const title = make("span", { "aria-hidden": true }, words[what]);
      return make("div", { class: "choice" }, title, this.groups[what]);
    }

    options(...counts) {
      const kinds = ["channels", "pad", "stride"].map((what, i) => this.choice(what, counts[i]));
      return make("div", { class: "options" }, ...kinds);
    }

    keys = text => make("p", { class: "keys", id: "window-keys" }, text);

    each = (kind, use) =>
      range(3).map(c => new Grid(say(words[kind], { c }), kind, (...way) => use(c, ...way)));

    // Draw the channels of an image within their padding, and hide the others.
    drawImages(x, cell, ring) {
      const [, H, W] = sizes(x);
      this.images.forEach((grid, c) => {
        if ((this.pairs[c].hidden = c >= this.channels)) return;
        const inner = (i, j) => {
          const [row, column] = [i - this.pad, j - this.pad];
          return cell([c, row, column], x[c][row]?.[column] === undefined ? "outside" : "");
        };
        grid.draw(H + 2 * this.pad, W + 2 * this.pad, inner, [ring]);
      });
      for (const [what, group] of Object.entries(this.groups)) press(group, this[what]);
    }
  }

  class WindowSum extends Windows {
    filter = "upright";

    parts() {
      this.images = this.each("image", (c, i, j, how) =>
        this.change(this.x, c, i - this.pad, j - this.pad, how, old => 1 - old));
      this.filters = this.each("weights", (c, i, j, how) => {
        if (how === ACT) this.filter = "";
        this.change(this.w, c, i, j, how, old => ((old + 3) % 5) - 2);
      });
      this.map = new Grid(words.map, "map", () => this.show());
      this.terms = make("p", { class: "terms" });
      this.take("sample");
      this.weights(this.filter);
      this.pairs = range(3).map(c => make("div", {}, this.images[c].box, this.filters[c].box));
      const inputs = make("div", { class: "inputs" }, ...this.pairs);
      const sum = make("div", {}, this.said, this.terms);
      return [
        this.choice("filter", Object.keys(FILTERS), name => this.weights(name)),
        this.options([1, 2, 3], [0, 1, 2], [1, 2, 3]),
        this.choice("picture", ["sample", "clear"], name => this.take(name)),
        make("div", { class: "tables" }, inputs, this.map.box, sum),
        this.keys(words.sumKeys),
      ];
    }

    take(name) {
      const bits = byte => range(8).map(n => (byte >> (7 - n)) & (name === "sample"));
      this.x = SAMPLES.map(rows => rows.match(/../g).map(hex => bits(parseInt(hex, 16))));
    }

    // Each channel has a filter of its own: the one chosen, then the next ones.
    weights(name) {
      const names = Object.keys(FILTERS);
      const start = names.indexOf((this.filter = name));
      this.w = range(3).map(c => FILTERS[names[(start + c) % 3]].map(row => [...row]));
    }

    // Give a pixel or a weight its next value, and the same to those that are dragged over.
    change(all, c, i, j, how, next) {
      const old = all[c][i]?.[j];
      if (how === ACT) this.value = next(old ?? 0);
      if (old !== undefined && (how === ACT || how === "drag")) all[c][i][j] = this.value;
      this.show();
      const y = pixel(all, [c, i, j]);
      if (how !== "hover") this.said.textContent = say(words.pixel, { c, i, j, y });
    }

    show() {
      const { stride, pad, map } = this;
      const [x, w] = [this.x, this.w].map(all => all.slice(0, this.channels));
      const y = slide(x, w, stride, pad);
      const side = Math.sqrt(y.length);
      const kinds = ["minus", "", "plus"];
      const signs = y.map(sum => kinds[Math.sign(sum) + 1]);
      map.draw(side, side, (i, j) => [signs[i * side + j], y[i * side + j]]);
      const [i, j] = map.at;
      const at = i * side + j;
      const inked = (at, kind) => [kind || ["paper", "ink"][pixel(x, at)], ""];
      this.drawImages(x, inked, [i * stride, j * stride, 3, "ring"]);
      this.filters.forEach((grid, c) => grid.draw(3, 3, (u, v) => ["", this.w[c][u][v]]));
      const term = (at, weight) => `${pixel(x, at)}·${weight < 0 ? `(${signed(weight)})` : weight}`;
      const row = windows(sizes(x), [3, 3], stride, pad)[at];
      const terms = row.map((at, k) => term(at, w.flat(2)[k]));
      const lines = range(terms.length / 3).map(n => terms.slice(3 * n, 3 * n + 3).join(" + "));
      this.terms.textContent = `   ${lines.join("\n + ")}\n = ${signed(y[at])}`;
      this.said.textContent = say(words.at, { i, j, y: y[at] });
    }
  }

  class WindowRows extends Windows {
    x = range(3).map(c => range(4).map(i => range(4).map(j => 16 * c + 4 * i + j + 1)));

    parts() {
      this.images = this.each("image", (...at) => this.find(at));
      this.pairs = this.images.map(grid => make("div", {}, grid.box));
      this.matrix = new Grid(words.matrix, "map", () => this.show());
      const inputs = make("div", { class: "inputs" }, ...this.pairs);
      return [
        this.options([1, 2], [0, 1], [1, 2]),
        this.said,
        make("div", { class: "tables" }, inputs, this.matrix.box),
        this.keys(words.rowsKeys),
      ];
    }

    // Go to an entry with a pixel: in the row that is shown, or else the first one.
    find([c, i, j]) {
      const wanted = String([c, i - this.pad, j - this.pad]);
      const places = this.windows.map(row => row.findIndex(at => String(at) === wanted));
      const [here] = this.matrix.at;
      const row = places[here] < 0 ? places.findIndex(k => k >= 0) : here;
      if (row >= 0) this.matrix.at = [row, places[row]];
      this.show();
    }

    show() {
      const { stride, pad, matrix } = this;
      const x = this.x.slice(0, this.channels);
      const all = (this.windows = windows(sizes(x), [2, 2], stride, pad));
      const [row, column] = [within(matrix.at[0], all.length), within(matrix.at[1], all[0].length)];
      const pixelAt = all[row][column];
      const same = at => String(at) === String(pixelAt);
      const kind = (at, isNear) => (same(at) ? "chosen" : isNear ? "near" : "");
      const isNear = at => all[row].some(other => String(other) === String(at));
      const entry = (i, j) => [kind(all[i][j], i === row), pixel(x, all[i][j])];
      matrix.draw(all.length, all[0].length, entry);
      const [[, top, left]] = all[row];
      this.drawImages(
        x,
        (at, outside) => [`${outside} ${kind(at, isNear(at))}`, pixel(x, at)],
        [top + pad, left + pad, 2, "ring"],
      );
      const [c, i, j] = pixelAt;
      const many = all.flat().filter(same).length;
      const text = pixel(x, pixelAt) ? words.entry : words.zero;
      this.said.textContent = say(text, { row, column, y: pixel(x, pixelAt), c, i, j, many });
    }
  }

  customElements.define("window-sum", WindowSum);
  customElements.define("window-rows", WindowRows);
  return { unfold, slide };
})();
