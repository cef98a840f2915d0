// What colours and patterns of the heat map stand for.

// Cividis in steps: even for the colour-blind, and in grey.
const heatStops = [
  [0, 32, 76], [0, 51, 111], [57, 72, 107], [87, 93, 109], [112, 113, 115], [138, 134, 120],
  [166, 157, 117], [196, 182, 108], [228, 207, 91], [255, 233, 69]
];

function heatColor(part) {
  const at = Math.min(Math.max(part, 0), 1) * (heatStops.length - 1);
  const low = Math.min(Math.floor(at), heatStops.length - 2);
  return heatStops[low].map(
      (value, c) => Math.round(value + (heatStops[low + 1][c] - value) * (at - low)));
}

// The decades that colours stand for: those of nearly all norms, so that a few do not hide the
// others.
function heatRange(runs) {
  const logs = [];
  for (const run of runs) {
    const stride = Math.max(1, Math.floor(run.high.length / 50000));
    for (let i = 0; i < run.high.length; i += stride) {
      if (!(run.flags[i] & hadFinite)) continue;
      for (const norm of [run.low[i], run.high[i]])
        if (norm > 0) logs.push(Math.log10(norm));
    }
  }
  if (logs.length === 0) return [-1, 1];
  logs.sort((a, b) => a - b);
  const low = Math.floor(logs[Math.floor(logs.length * 0.005)]);
  const high = Math.ceil(logs[Math.min(logs.length - 1, Math.floor(logs.length * 0.995))]);
  return low === high ? [low, low + 1] : [low, high];
}

const kinds = {
  finite: 0,
  zero: 1,
  nonfinite: 2,
  missing: 3,
  unknown: 4
};

function kindOf(run, cell, part = 'high') {
  const flags = run.flags[cell];
  if (flags & hadNonfinite) return kinds.nonfinite;
  if (!(flags & hadFinite)) return flags & wasMissing ? kinds.missing : kinds.unknown;
  return run[part][cell] === 0 ? kinds.zero : kinds.finite;
}

// A tile of 8 by 8 for what has no colour on the scale.
function kindTile(kind) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  const [back, front] = {
    [kinds.zero]: ['#ffffff', '#000000'],
    [kinds.nonfinite]: ['#e3000f', '#ffffff'],
    [kinds.missing]: ['#8f979f', '#d5dae0'],
    [kinds.unknown]: ['#c9ced4', '#c9ced4'],
  }[kind];
  pen.fillStyle = back;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = front;
  pen.lineWidth = 1.6;
  if (kind === kinds.zero) pen.fillRect(3, 3, 2, 2);
  if (kind === kinds.missing || kind === kinds.nonfinite) {
    pen.beginPath();
    pen.moveTo(-1, 9);
    pen.lineTo(9, -1);
    if (kind === kinds.nonfinite) pen.moveTo(-1, -1), pen.lineTo(9, 9);
    pen.stroke();
  }
  return tile;
}

function heatKey(range, runs) {
  const keys = element('ul', {class: 'keys'});
  const scale = element(
      'canvas', {width: '200', height: '14', role: 'img', 'aria-label': 'Colours of norms'});
  const pen = scale.getContext('2d');
  for (let x = 0; x < 200; ++x) {
    pen.fillStyle = `rgb(${heatColor(x / 199).join(',')})`;
    pen.fillRect(x, 0, 1, 14);
  }
  keys.append(element('li', {}, `norm ${tick(10 ** range[0])}`, scale, tick(10 ** range[1])));
  const words = [
    [kinds.nonfinite, 'held NaN or Inf'], [kinds.zero, 'exactly 0'], [kinds.missing, 'no gradient'],
    [kinds.unknown, 'not known']
  ];
  const present =
      new Set(runs.flatMap((run) => Array.from(run.flags.keys()).map((cell) => kindOf(run, cell))));
  for (const [kind, text] of words) {
    if (!present.has(kind)) continue;
    const swatch = element('canvas', {width: '24', height: '14'});
    const brush = swatch.getContext('2d');
    brush.fillStyle = brush.createPattern(kindTile(kind), 'repeat');
    brush.fillRect(0, 0, 24, 14);
    keys.append(element('li', {}, swatch, text));
  }
  return keys;
}
