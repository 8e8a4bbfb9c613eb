// The convolutional network's filters, and what each of them answers to the drawing: rows of
// small pictures, a column a filter.
window.fishbookMaps ??= (() => {
  const { make } = window.fishbookControls;
  const { WORDS, said, filled, put, ninth, place, newCanvas, paintPixels } = window.fishbookParts;
  const largest = values => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

  class Maps {
    // `filters` are the weights (FN, 1, F, F) of the first layer.
    constructor({ shape: [many], values }) {
      this.many = many;
      this.filters = values;
      this.rows = ["filters", "maps", "pooled"].map(name => this.row(WORDS[name]));
      this.box = make("div", { class: "draw-maps" }, ...this.rows.flatMap(Object.values));
    }

    row(words) {
      const caption = put(make("p", { "aria-hidden": true }), words);
      const canvases = Array.from({ length: this.many }, () => newCanvas(1));
      return { caption, pictures: make("div", { class: "draw-row", role: "img" }, ...canvases) };
    }

    // One square of values for each filter, all on one scale, so that they can be compared.
    paint(row, values, colourOf) {
      const size = values.length / this.many;
      const most = largest(values);
      [...row.pictures.children].forEach((canvas, k) => {
        const square = values.subarray(k * size, (k + 1) * size);
        canvas.width = canvas.height = Math.sqrt(size) || 1;
        paintPixels(canvas, square.map(v => Math.abs(v) / most), i => colourOf(square[i]));
      });
    }

    // `outs` is what the layers make of the drawing, if there is one.
    show(outs, ink, signed) {
      const [filters, ...maps] = this.rows;
      this.paint(filters, this.filters, signed);
      maps.forEach((row, i) => this.paint(row, outs?.[2 + i] ?? new Float64Array(), () => ink));
    }

    // For those who can't see the pictures: which filter answers most, and where.
    describe(outs) {
      const words = [WORDS.filters, WORDS.maps, WORDS.pooled];
      this.rows.forEach(({ pictures }, i) => {
        const values = i && outs?.[1 + i];
        const label = values ? this.strongest(words[i], values) : words[i];
        pictures.setAttribute("aria-label", said(label));
      });
    }

    strongest(words, values) {
      const size = values.length / this.many;
      const at = values.indexOf(Math.max(...values));
      const where = place(ninth(at % size, Math.sqrt(size)));
      const what = i => words[i][1];
      return filled(WORDS.strongest, { what, n: 1 + Math.floor(at / size), where });
    }
  }

  return { Maps };
})();
