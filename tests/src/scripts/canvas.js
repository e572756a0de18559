// What is painted on the canvas of a chart. Arguments: the id of the figure and names of style tokens.

const [id, tokens] = arguments;
const canvas = document.querySelector(`#${id} canvas`);
const { width, height } = canvas;
const box = canvas.getBoundingClientRect();
// Read from a copy: reading the canvas itself would make the browser treat it in another way from then on.
const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
copy.drawImage(canvas, 0, 0);
const pixels = copy.getImageData(0, 0, width, height).data;

// Well between the axes, whatever room their labels take.
const inside = { left: width * 0.25, right: width * 0.9, top: height * 0.15, bottom: height * 0.75 };
const style = getComputedStyle(document.documentElement);
const wanted = tokens.map((token) => {
  const colour = style.getPropertyValue(`--${token}`).trim();
  return { token, rgb: [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)), count: 0 };
});

const colours = new Set();
let inked = 0;
let hash = 0;
for (let y = 0, at = 0; y < height; y++) {
  for (let x = 0; x < width; x++, at += 4) {
    const [red, green, blue, alpha] = [pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]];
    if (alpha === 0) continue;
    hash = (Math.imul(hash, 31) + at + (red << 16) + (green << 8) + blue + alpha) | 0;
    if (alpha < 250) continue;
    colours.add((red << 16) | (green << 8) | blue);
    if (x > inside.left && x < inside.right && y > inside.top && y < inside.bottom) inked++;
    for (const one of wanted) {
      // Beside edges a colour is mixed with others, but every mark has a core of the pure one.
      const [r, g, b] = one.rgb;
      if (Math.abs(red - r) + Math.abs(green - g) + Math.abs(blue - b) < 12) one.count++;
    }
  }
}

return {
  width,
  height,
  cssWidth: box.width,
  cssHeight: box.height,
  colours: colours.size,
  inked,
  hash,
  tokens: Object.fromEntries(wanted.map(({ token, count }) => [token, count])),
};
