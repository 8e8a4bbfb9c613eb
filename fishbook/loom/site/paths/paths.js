// <optimizer-paths>: the reader chooses a terrain, an optimizer, a rate and a start, and
// goes through the steps. The formulas are chapter 5's, for one number at a time.
window.fishbookPaths ??= (() => {
  const [RIGHT, TOP, SCALE] = [8, 4, 40]; // the map's half sides, and pixels a unit
  const STEPS = 100;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  const LEVELS = [0.02, 0.2, 0.8, 1.8, 3.2, 5, 7.2, 9.8, 14, 20];
  const bend = (x, y) => y - (x * x) / 16 + 2;
  const TERRAINS = {
    valley: {
      f: (x, y) => (x * x) / 20 + y * y,
      slopes: (x, y) => [x / 10, 2 * y],
      lowest: [0, 0],
      rates: { SGD: 0.95, Momentum: 0.1, Nesterov: 0.1, AdaGrad: 1.5, RMSprop: 0.3, Adam: 0.3 },
    },
    curve: {
      f: (x, y) => (x - 6) ** 2 / 20 + bend(x, y) ** 2,
      slopes: (x, y) => [(x - 6) / 10 - (bend(x, y) * x) / 4, 2 * bend(x, y)],
      lowest: [6, 0.25],
      rates: { SGD: 0.5, Momentum: 0.05, Nesterov: 0.05, AdaGrad: 1.5, RMSprop: 0.2, Adam: 0.3 },
    },
  };

  // ---- The optimizers: from a number, its slope and its memory to the next number ----

  const RULES = {
    SGD: (p, g, lr) => p - lr * g,
    Momentum(p, g, lr, memory) {
      memory.v = 0.9 * memory.v - lr * g;
      return p + memory.v;
    },
    Nesterov(p, g, lr, memory) {
      memory.v = 0.9 * memory.v - lr * g;
      return p + 0.9 * memory.v - lr * g;
    },
    AdaGrad(p, g, lr, memory) {
      memory.h += g * g;
      return p - (lr * g) / (Math.sqrt(memory.h) + 1e-7);
    },
    RMSprop(p, g, lr, memory) {
      memory.h = 0.99 * memory.h + 0.01 * g * g;
      return p - (lr * g) / (Math.sqrt(memory.h) + 1e-7);
    },
    Adam(p, g, lr, memory) {
      memory.t += 1;
      memory.m = 0.9 * memory.m + 0.1 * g;
      memory.v = 0.999 * memory.v + 0.001 * g * g;
      const m = memory.m / (1 - 0.9 ** memory.t);
      const v = memory.v / (1 - 0.999 ** memory.t);
      return p - (lr * m) / (Math.sqrt(v) + 1e-8);
    },
  };

  // The points of a path; it ends early where it leaves for infinity.
  function walk(terrain, name, lr, start, steps = STEPS) {
    const memories = [0, 1].map(() => ({ v: 0, h: 0, m: 0, t: 0 }));
    const path = [start];
    while (path.length <= steps) {
      const last = path.at(-1);
      const slopes = TERRAINS[terrain].slopes(...last);
      const next = last.map((p, i) => RULES[name](p, slopes[i], lr, memories[i]));
      if (!next.every(p => Math.abs(p) < 1e6)) break;
      path.push(next);
    }
    return path;
  }

  // Where a contour line crosses the sides of small squares, as the text of a path.
  function contour(f, level) {
    const side = 0.1;
    const parts = [];
    for (let x = -RIGHT; x < RIGHT; x += side)
      for (let y = -TOP; y < TOP; y += side) {
        const corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
        const heights = corners.map(corner => f(...corner) - level);
        const ends = [];
        heights.forEach((here, i) => {
          const j = (i + 1) % 4;
          if (here < 0 === heights[j] < 0) return;
          const part = here / (here - heights[j]);
          ends.push(corners[i].map((c, k) => c + part * (corners[j][k] - c)));
        });
        for (let i = 0; i + 1 < ends.length; i += 2)
          parts.push(`M${place(ends[i])}L${place(ends[i + 1])}`);
      }
    return parts.join("");
  }

  // ---- The element ----

  const { make, shape, wordsOf, choices, press, onKeys } = window.fishbookControls;
  const words = wordsOf("path");

  const within = (value, limit) => Math.min(Math.max(value, -limit), limit);

  // A point's place on the map. What is far outside stays outside, in moderate numbers.
  function place([x, y]) {
    const left = SCALE * (within(x, 9 * RIGHT) + RIGHT);
    return `${left.toFixed(1)} ${(SCALE * (TOP - within(y, 9 * TOP))).toFixed(1)}`;
  }

  class OptimizerPaths extends HTMLElement {
    terrain = "valley";
    optimizer = "SGD";
    rate = TERRAINS.valley.rates.SGD;
    start = [-7, 2];
    step = 30;

    connectedCallback() {
      if (this.firstChild) return;
      this.append(
        this.choices("terrain", Object.keys(TERRAINS), name => words[name]),
        this.choices("optimizer", Object.keys(RULES), name => name),
        this.map(),
        make("p", { class: "keys", id: "path-keys" }, words.keys),
        this.slider("rate", -3, 0.5, 0.01, value => (this.rate = 10 ** value)),
        this.slider("step", 0, STEPS, 1, value => (this.step = value)),
        (this.said = make("p", { class: "said", role: "status" })),
      );
      this.show();
    }

    choices(what, names, label) {
      const choose = name => {
        this[what] = name;
        this.rate = TERRAINS[this.terrain].rates[this.optimizer];
        this.show();
      };
      return (this[`${what}Group`] = choices(words[what], names, label, choose));
    }

    slider(what, min, max, step, set) {
      const input = make("input", { type: "range", min, max, step });
      const shown = make("output");
      input.addEventListener("input", () => {
        set(Number(input.value));
        this.show();
      });
      this[`${what}Input`] = input;
      this[`${what}Shown`] = shown;
      return make("label", { class: "path-slider" }, make("span", {}, words[what]), input, shown);
    }

    map() {
      this.lines = shape("g", { class: "path-contours" });
      this.lowest = shape("path", { class: "path-lowest" });
      this.trail = shape("path", { class: "path-trail" });
      this.dots = shape("g", { class: "path-dots" });
      this.first = shape("circle", { class: "path-start", r: 7 });
      this.now = shape("circle", { class: "path-now", r: 7 });
      const view = {
        class: "path-map",
        viewBox: `0 0 ${2 * RIGHT * SCALE} ${2 * TOP * SCALE}`,
        tabindex: 0,
        role: "application",
        "aria-label": words.map,
        "aria-describedby": "path-keys",
      };
      const parts = [this.lines, this.lowest, this.trail, this.dots, this.first, this.now];
      const map = shape("svg", view, ...parts);
      map.addEventListener("click", event => {
        const { left, top, width, height } = map.getBoundingClientRect();
        const x = ((event.clientX - left) / width) * 2 * RIGHT - RIGHT;
        this.begin(x, TOP - ((event.clientY - top) / height) * 2 * TOP);
      });
      onKeys(map, ARROWS, ([x, y]) => this.begin(this.start[0] + x / 4, this.start[1] + y / 4));
      return map;
    }

    // A start on the map, in hundredths.
    begin(x, y) {
      const rounded = value => Math.round(100 * value) / 100;
      this.start = [rounded(within(x, RIGHT)), rounded(within(y, TOP))];
      this.show();
    }

    show() {
      const { terrain, optimizer, rate, start, step } = this;
      const { f, lowest } = TERRAINS[terrain];
      if (this.drawn !== terrain) {
        const lines = LEVELS.map(level => shape("path", { d: contour(f, level) }));
        this.lines.replaceChildren(...lines);
        this.lowest.setAttribute("d", `M${place(lowest)}m-7 0h14m-7 -7v14`);
        this.drawn = terrain;
      }
      const path = walk(terrain, optimizer, rate, start, step);
      this.trail.setAttribute("d", `M${path.map(place).join("L")}`);
      this.dots.replaceChildren(...path.map(point => this.put(shape("circle", { r: 3 }), point)));
      this.put(this.first, start);
      this.put(this.now, path.at(-1));
      press(this.terrainGroup, terrain);
      press(this.optimizerGroup, optimizer);
      this.rateInput.value = Math.log10(rate);
      this.rateShown.value = rate.toPrecision(2);
      this.rateInput.setAttribute("aria-valuetext", rate.toPrecision(2));
      this.stepInput.value = this.stepShown.value = step;
      this.said.textContent = this.sentence(path);
    }

    put(circle, point) {
      const [x, y] = place(point).split(" ");
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
      return circle;
    }

    sentence(path) {
      if (path.length <= this.step) return words.lost.replace("{step}", path.length);
      const [x, y] = path.at(-1);
      const height = TERRAINS[this.terrain].f(x, y);
      const shown = value =>
        (Math.abs(value) < 1000 ? value.toFixed(3) : value.toExponential(1)).replace("-", "−");
      return words.at
        .replaceAll("{step}", this.step)
        .replaceAll("{x}", shown(x))
        .replaceAll("{y}", shown(y))
        .replaceAll("{f}", shown(height));
    }
  }

  customElements.define("optimizer-paths", OptimizerPaths);
  return { walk, TERRAINS };
})();
