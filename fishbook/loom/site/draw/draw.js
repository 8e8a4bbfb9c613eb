// <draw-digit>: the reader draws a digit, and a network, the one of chapter 2 or that of
// chapter 6, says what it sees. All of it happens in the reader's browser.
window.fishbookDraw ??= (() => {
  const { make, choices, press } = window.fishbookControls;
  const { SIDE, network, read } = window.fishbookNets;
  const { PEN, samples, paintStrokes, imageOf } = window.fishbookInk;
  const { WORDS, said, filled, put, ninth, place, newCanvas, paintPixels } = window.fishbookParts;
  const { Maps } = window.fishbookMaps;
  const KINDS = ["dense", "conv"]; // of networks
  const STEP = 0.04; // of the keyboard's cursor

  // ---- Words ----

  function percent(p) {
    if (p > 0.999) return ">99.9%";
    return p < 0.001 ? "<0.1%" : `${(100 * p).toFixed(1)}%`;
  }

  const answer = ({ best, probabilities }) =>
    filled(best === 8 ? WORDS.answer_8 : WORDS.answer, {
      digit: best,
      p: percent(probabilities[best]),
    });

  // In which ninth of the image the sum is largest; 9 if none is above 0.
  function mostlyAt(amounts) {
    const ninths = new Float64Array(10);
    amounts.forEach((amount, pixel) => (ninths[ninth(pixel, SIDE)] += amount));
    const most = Math.max(...ninths);
    return most > 0 ? ninths.indexOf(most) : 9;
  }

  const reason = ({ best, why }) =>
    filled(WORDS.reason, {
      digit: best,
      for: place(mostlyAt(why)),
      against: place(mostlyAt(why.map(v => -v))),
    });

  // ---- The element ----

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const inside = number => Math.min(Math.max(number, 0), 1);

  class DrawDigit extends HTMLElement {
    kind = KINDS[0];
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
      this.drawing = make("div", { class: "draw-drawing" }, this.board, this.changers());
      const parts = [
        this.chooser(),
        this.headline,
        this.drawing,
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

    chooser() {
      const label = kind => put(make("span"), WORDS[kind]);
      this.kinds = choices(said(WORDS.network), KINDS, label, kind => this.choose(kind));
      press(this.kinds, this.kind);
      return this.kinds;
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

    // The network; that with filters shows its maps, which are made when they are wanted.

    choose(kind) {
      this.kind = kind;
      press(this.kinds, kind);
      if (kind === "conv" && !this.maps) {
        this.maps = new Maps(network(kind).weights.W1);
        this.drawing.append(this.maps.box);
      }
      if (this.maps) this.maps.box.hidden = kind !== "conv";
      this.refreshSoon();
    }

    // What is shown.

    refreshSoon() {
      this.waiting ??= requestAnimationFrame(() => this.refresh());
    }

    refresh() {
      cancelAnimationFrame(this.waiting);
      this.waiting = undefined;
      this.image = imageOf(this.strokes);
      this.found = this.image && read(this.image, this.kind);
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
      this.paintPictures(colour);
    }

    paintPictures(ink) {
      const sides = ["against", "for"].map(side => this.colour(`--draw-${side}`));
      const signed = value => sides[+(value > 0)];
      const why = [...(this.found?.why ?? [])];
      const most = Math.max(...why.map(Math.abs));
      paintPixels(this.seen, [...(this.image ?? [])], () => ink);
      paintPixels(this.effects, why.map(v => (Math.abs(v) / most) ** 0.4), i => signed(why[i]));
      if (this.kind === "conv") this.maps.show(this.found?.outs, ink, signed);
    }

    colour(name) {
      return getComputedStyle(this).getPropertyValue(name).trim();
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
      const { best = -1, probabilities } = this.found ?? {};
      put(this.headline, this.found ? answer(this.found) : WORDS.empty);
      this.rows.forEach(({ row, bar, number }, digit) => {
        row.classList.toggle("draw-best", digit === best);
        bar.style.width = `${100 * (probabilities?.[digit] ?? 0)}%`;
        number.textContent = probabilities ? percent(probabilities[digit]) : "–";
      });
      this.answer = this.found ? answer(this.found) : WORDS.cleared;
      const label = this.found ? reason(this.found) : WORDS.why;
      this.effects.setAttribute("aria-label", said(label));
      if (this.kind === "conv") this.maps.describe(this.found?.outs);
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
  return { mostlyAt };
})();
