// What the parts of the page where readers draw share: words, and small pictures of pixels.
window.fishbookParts ??= (() => {
  const { make } = window.fishbookControls;

  // Of each phrase one or two pairs of language and text, as the page's edition has them.
  const WORDS = JSON.parse(document.getElementById("draw-words").content.textContent);

  const said = words => words.map(([, text]) => text).join(" ");

  // Words with their {names} filled in. A function among the values gets the language's index.
  function filled(words, values) {
    const value = (name, i) => (values[name] instanceof Function ? values[name](i) : values[name]);
    return words.map(([lang, text], i) => [
      lang,
      text.replace(/\{(\w+)\}/g, (_, name) => value(name, i)),
    ]);
  }

  // Fill an element with its words, one span for each language.
  function put(element, words) {
    const spans = words.map(([lang, text]) => make("span", { lang }, text));
    element.replaceChildren(...spans.flatMap(span => [" ", span]).slice(1));
    return element;
  }

  // In which ninth of a square image a pixel is: 0 (top left) to 8.
  function ninth(pixel, side) {
    const third = n => Math.floor((3 * n) / side);
    return 3 * third(Math.floor(pixel / side)) + third(pixel % side);
  }

  // The name of a ninth, for `filled`; 9 is nowhere.
  const place = n => i => WORDS.places[i][1].split("|")[n];

  function newCanvas(side) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    return canvas;
  }

  // Each pixel of a square in its colour, as dense as it is strong, from 0 to 1.
  function paintPixels(canvas, strengths, colourOf) {
    const side = canvas.width;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    strengths.forEach((strength, i) => {
      if (strength < 1 / 255) return; // nothing of it would be seen
      context.globalAlpha = strength;
      context.fillStyle = colourOf(i);
      context.fillRect(i % side, Math.floor(i / side), 1, 1);
    });
  }

  return { WORDS, said, filled, put, ninth, place, newCanvas, paintPixels };
})();
