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
  const outputSize = (size, filter, stride, pad) => Math.floor((size + 2 * pad - filter) / stride) + 1;

  // For each place of the window the pixels in it, [channel, row, column], a row of
  // im2col's matrix. In the padding, rows or columns lie outside of the image.
  function windows([C, H, W], [FH, FW], stride, pad) {
    const tops = range(outputSize(H, FH, stride, pad)).map(i => i * stride - pad);
    const lefts = range(outputSize(W, FW, stride, pad)).map(j => j * stride - pad);
    const inside = range(C * FH * FW).map(k => [Math.floor(k / (FH * FW)), Math.floor(k / FW) % FH, k % FW]);
    return tops.flatMap(top => lefts.map(left => inside.map(([c, u, v]) => [c, top + u, left + v])));
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
      const reads = { tabindex: 0, role: "application", "aria-describedby": "window-keys" };
      this.svg = shape("svg", { class: `grid ${kind}`, "aria-label": title, ...reads });
      this.box = make("div", {}, make("p", { class: "keys" }, title), this.svg);
      const go = (at, how) => use(...(this.at = at), how);
      this.svg.addEventListener("pointerdown", event => go(this.cell(event), ACT));
      this.svg.addEventListener("pointermove", event => {
        const at = this.cell(event);
        const how = event.buttons ? "drag" : "hover";
        if (String(at) !== String(this.at)) go(at, how);
      });
      onKeys(this.svg, KEYS, key => {
        if (key === ACT) return go(this.at, ACT);
        go(this.at.map((n, axis) => within(n + key[axis], this.size[axis])), "key");
      });
    }

    cell(event) {
      const { top, left, height, width } = this.svg.getBoundingClientRect();
      const [rows, columns] = this.size;
      const i = Math.floor(((event.clientY - top) / height) * rows);
      return [within(i, rows), within(Math.floor(((event.clientX - left) / width) * columns), columns)];
    }

    // `cell` gives the class and the text at a row and a column; `rings` are areas.
    draw(rows, columns, cell, rings = []) {
      this.size = [rows, columns];
      this.at = this.at.map((n, axis) => within(n, this.size[axis]));
      const area = (i, j, tall, wide, name) =>
        shape("rect", { x: j * CELL, y: i * CELL, width: wide * CELL, height: tall * CELL, class: name });
      const cells = range(rows * columns).flatMap(n => {
        const [i, j] = [Math.floor(n / columns), n % columns];
        const [kind, text] = cell(i, j);
        const place = { x: (j + 0.5) * CELL, y: (i + 0.68) * CELL };
        return [area(i, j, 1, 1, kind), ...(text === "" ? [] : [shape("text", place, signed(text))])];
      });
      const marks = [...rings, [...this.at, 1, 1, "cursor"]].map(ring => area(...ring));
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

    choice(what, names, choose = name => (this[what] = name), label = String) {
      const act = name => {
        choose(name);
        this.show();
      };
      this.groups[what] = choices(words[what], names, label, act);
      return make("div", { class: "choice" }, make("span", { "aria-hidden": true }, words[what]), this.groups[what]);
    }

    options(...counts) {
      const kinds = ["channels", "pad", "stride"].map((what, i) => this.choice(what, counts[i]));
      return make("div", { class: "options" }, ...kinds);
    }

    keys = text => make("p", { class: "keys", id: "window-keys" }, text);

    each = (kind, use) =>
      range(3).map(c => new Grid(say(words[kind], { c }), kind, (i, j, how) => use(c, i, j, how)));

    // Draw the channels of an image within their padding, and hide the others.
    drawImages(x, cell, rings) {
      const [, H, W] = sizes(x);
      this.images.forEach((grid, c) => {
        if ((this.pairs[c].hidden = c >= this.channels)) return;
        const kind = (i, j) => (x[c][i]?.[j] === undefined ? "outside" : "");
        const inner = (i, j) => cell([c, i - this.pad, j - this.pad], kind(i - this.pad, j - this.pad));
        grid.draw(H + 2 * this.pad, W + 2 * this.pad, inner, rings(c));
      });
      for (const [what, group] of Object.entries(this.groups)) press(group, this[what]);
    }
  }

  class WindowSum extends Windows {
    filter = "upright";

    parts() {
      this.images = this.each("image", (...way) => this.paint(...way));
      this.filters = this.each("weights", (...way) => this.weigh(...way));
      this.map = new Grid(words.map, "map", () => this.show());
      this.terms = make("p", { class: "terms" });
      this.take("sample");
      this.weights(this.filter);
      this.pairs = range(3).map(c => make("div", {}, this.images[c].box, this.filters[c].box));
      const inputs = make("div", { class: "inputs" }, ...this.pairs);
      return [
        this.choice("filter", Object.keys(FILTERS), name => this.weights(name), name => words[name]),
        this.options([1, 2, 3], [0, 1, 2], [1, 2, 3]),
        this.choice("picture", ["sample", "clear"], name => this.take(name), name => words[name]),
        make("div", { class: "tables" }, inputs, this.map.box, make("div", {}, this.said, this.terms)),
        this.keys(words.sumKeys),
      ];
    }

    take(name) {
      const bits = hex => parseInt(hex, 16).toString(2).padStart(8, "0").split("").map(Number);
      this.x = SAMPLES.map(rows => rows.match(/../g).map(hex => bits(name === "clear" ? "0" : hex)));
    }

    // Each channel has a filter of its own: the one chosen, then the next ones.
    weights(name) {
      const names = Object.keys(FILTERS);
      const start = names.indexOf((this.filter = name));
      this.w = range(3).map(c => FILTERS[names[(start + c) % 3]].map(row => [...row]));
    }

    paint(c, i, j, how) {
      const [row, column] = [i - this.pad, j - this.pad];
      const old = this.x[c][row]?.[column];
      if (how === ACT) this.ink = 1 - old;
      if (old !== undefined && (how === ACT || how === "drag")) this.x[c][row][column] = this.ink || 0;
      this.show();
      if (how !== "hover") this.said.textContent = say(words.pixel, { c, i: row, j: column, y: pixel(this.x, [c, row, column]) });
    }

    weigh(c, i, j, how) {
      if (how === ACT) this.w[c][i][j] = ((this.w[c][i][j] + 3) % 5) - 2;
      if (how === ACT) this.filter = "";
      this.show();
      if (how !== "hover") this.said.textContent = say(words.pixel, { c, i, j, y: this.w[c][i][j] });
    }

    show() {
      const { stride, pad, map } = this;
      const [x, w] = [this.x, this.w].map(all => all.slice(0, this.channels));
      const y = slide(x, w, stride, pad);
      const side = outputSize(8, 3, stride, pad);
      map.draw(side, side, (i, j) => [["minus", "", "plus"][Math.sign(y[i * side + j]) + 1], y[i * side + j]]);
      const [i, j] = map.at;
      const inked = (at, kind) => [kind || ["paper", "ink"][pixel(x, at)], ""];
      this.drawImages(x, inked, () => [[i * stride, j * stride, 3, 3, "ring"]]);
      this.filters.forEach((grid, c) => grid.draw(3, 3, (u, v) => ["", this.w[c][u][v]]));
      const term = (at, weight) => `${pixel(x, at)}·${weight < 0 ? `(${signed(weight)})` : weight}`;
      const row = windows(sizes(x), [3, 3], stride, pad)[i * side + j];
      const terms = row.map((at, k) => term(at, w.flat(2)[k]));
      const lines = range(terms.length / 3).map(n => terms.slice(3 * n, 3 * n + 3).join(" + "));
      this.terms.textContent = `   ${lines.join("\n + ")}\n = ${signed(y[i * side + j])}`;
      this.said.textContent = say(words.at, { i, j, y: y[i * side + j] });
    }
  }

  class WindowRows extends Windows {
    x = range(3).map(c => range(4).map(i => range(4).map(j => 16 * c + 4 * i + j + 1)));

    parts() {
      this.images = this.each("image", (...at) => this.find(at));
      this.pairs = this.images.map(grid => grid.box);
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
      const [row, column] = (matrix.at = matrix.at.map((n, axis) => within(n, [all.length, all[0].length][axis])));
      const pixelAt = all[row][column];
      const same = at => String(at) === String(pixelAt);
      const kind = (at, isNear) => (same(at) ? "chosen" : isNear ? "near" : "");
      const isNear = at => all[row].some(other => String(other) === String(at));
      matrix.draw(all.length, all[0].length, (i, j) => [kind(all[i][j], i === row), pixel(x, all[i][j])]);
      const [[, top, left]] = all[row];
      this.drawImages(
        x,
        (at, outside) => [`${outside} ${kind(at, isNear(at))}`, pixel(x, at)],
        () => [[top + pad, left + pad, 2, 2, "ring"]],
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
