// The networks of the page where readers draw, computed as fishbook computes them.
// draw-weights.js, made at the build, holds their weights. Material runs a page's scripts
// anew at each visit: once is enough.
window.fishbookNets ??= (() => {
  const SIDE = 28; // of an MNIST image

  // ---- Weights ----

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

  // ---- Layers: `forward` makes y of x; `backward` makes x's gradient of that of y ----

  // x @ W + b for one sample.
  const affine = ({ shape: [rows, columns], values }, b) => ({
    forward(x) {
      const y = Float64Array.from(b.values);
      for (let i = 0; i < rows; i++)
        if (x[i]) for (let j = 0; j < columns; j++) y[j] += x[i] * values[i * columns + j];
      return y;
    },
    backward(dout) {
      const row = i => values.subarray(i * columns, (i + 1) * columns);
      const back = i => row(i).reduce((sum, w, j) => sum + w * dout[j], 0);
      return new Float64Array(rows).map((_, i) => back(i));
    },
  });

  // Neither form overflows where it is used.
  function logistic(a) {
    if (a >= 0) return 1 / (1 + Math.exp(-a));
    const e = Math.exp(a);
    return e / (1 + e);
  }

  const sigmoid = {
    forward: x => x.map(logistic),
    backward: (dout, x, y) => dout.map((d, i) => d * y[i] * (1 - y[i])),
  };

  const relu = {
    forward: x => x.map(v => Math.max(v, 0)),
    backward: (dout, x) => dout.map((d, i) => (x[i] > 0 ? d : 0)),
  };

  // Filters that slide over one image. The maps lie one after the other: `at` is a place in
  // one of them, and the window there begins at its corner.
  function convolution({ shape: [many, , size], values }, b) {
    const side = SIDE - size + 1;
    const filter = at => Math.floor(at / side ** 2);
    const corner = at => SIDE * (Math.floor(at / side) % side) + (at % side);
    const steps = Array.from({ length: size ** 2 }, (_, n) => SIDE * Math.floor(n / size) + (n % size));
    const weight = (at, n) => values[filter(at) * steps.length + n];
    const value = (x, at) =>
      steps.reduce((sum, step, n) => sum + weight(at, n) * x[corner(at) + step], b.values[filter(at)]);
    return {
      forward: x => new Float64Array(many * side ** 2).map((_, at) => value(x, at)),
      backward(dout) {
        const dx = new Float64Array(SIDE ** 2);
        dout.forEach((d, at) => {
          if (d) steps.forEach((step, n) => (dx[corner(at) + step] += weight(at, n) * d));
        });
        return dx;
      },
    };
  }

  // The largest of each 2 x 2 pixels, the first one of equals. `side` is even.
  function pooling(side) {
    const half = side / 2;
    const winner = (x, n) => {
      const first = 2 * side * Math.floor(n / half) + 2 * (n % half);
      const four = [first, first + 1, first + side, first + side + 1];
      return four.reduce((best, at) => (x[at] > x[best] ? at : best));
    };
    return {
      forward: x => new Float64Array(x.length / 4).map((_, n) => x[winner(x, n)]),
      backward(dout, x) {
        const dx = new Float64Array(x.length);
        dout.forEach((d, n) => (dx[winner(x, n)] = d));
        return dx;
      },
    };
  }

  // ---- Networks: rows of layers ----

  const BUILD = {
    dense: ({ W1, b1, W2, b2, W3, b3 }) => [
      affine(W1, b1),
      sigmoid,
      affine(W2, b2),
      sigmoid,
      affine(W3, b3),
    ],
    conv: ({ W1, b1, W2, b2, W3, b3 }) => [
      convolution(W1, b1),
      relu,
      pooling(SIDE - W1.shape[2] + 1),
      affine(W2, b2),
      relu,
      affine(W3, b3),
    ],
  };

  const built = {};
  // The weights and layers of a network, made when first asked for.
  function network(kind) {
    if (!built[kind]) {
      const packed = Object.entries(window.fishbookWeights[kind]);
      const weights = Object.fromEntries(packed.map(([name, array]) => [name, unpack(array)]));
      built[kind] = { weights, layers: BUILD[kind](weights) };
    }
    return built[kind];
  }

  function softmax(a) {
    const largest = Math.max(...a);
    const exps = a.map(v => Math.exp(v - largest));
    const sum = exps.reduce((s, v) => s + v, 0);
    return exps.map(v => v / sum);
  }

  // What a network makes of 784 pixels from 0 (ground) to 1 (ink). `outs` has the pixels and
  // what each layer makes, `slopes` is the gradient of the answer's lead to the pixels: of its
  // score less the mean of the nine others. `why` is ink times that: what the ink does for it.
  function read(pixels, kind) {
    if (pixels.length !== SIDE ** 2)
      throw new RangeError(`got ${pixels.length} numbers, but want ${SIDE ** 2}`);
    const { layers } = network(kind);
    const outs = [pixels];
    for (const layer of layers) outs.push(layer.forward(outs.at(-1)));
    const scores = outs.at(-1);
    const best = scores.indexOf(Math.max(...scores));
    const lead = scores.map((_, digit) => (digit === best ? 1 : -1 / 9));
    const back = (dout, layer, i) => layer.backward(dout, outs[i], outs[i + 1]);
    const slopes = layers.reduceRight(back, lead);
    const why = slopes.map((d, i) => d * pixels[i]);
    return { outs, best, probabilities: softmax(scores), slopes, why };
  }

  return { SIDE, fromHalf, network, read };
})();
