// Strokes as readers draw them, and how they become an MNIST image.
window.fishbookInk ??= (() => {
  const { SIDE } = window.fishbookNets;
  const { newCanvas } = window.fishbookParts;
  const BOX = 20; // what a digit is scaled into
  const CENTRE = 14; // the pixel, counted from 0, where MNIST puts the centre of mass
  const INK = 280; // side of the canvas that is read, whatever the screen's
  const PEN = 0.085; // width of the pen; the board's side is 1

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

  // How much ink each pixel of a canvas has: 0 where nothing was drawn, 1 where it covers.
  function inkOf(canvas) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return new Float32Array(data.length / 4).map((_, i) => data[4 * i + 3] / 255);
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

  return { PEN, samples, paintStrokes, toMnist, inkOf, imageOf };
})();
