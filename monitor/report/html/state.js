// What is selected: a tensor of a network or run, and a step of a run. Plots, tables and links
// share it.

const data = JSON.parse(document.getElementById('data').textContent);
const selection = {
  kind: null,
  place: 0,
  tensor: null,
  step: null
};
const followers = [];

function follow(follower) {
  followers.push(follower);
}

function select(change) {
  Object.assign(selection, change);
  for (const follower of followers) follower();
}

const isSelected = (kind, place, tensor) =>
    selection.kind === kind && selection.place === place && selection.tensor === tensor;

// The place of a name among others: its own, or that of the first tensor of a layer so called.
function placeOf(name, names) {
  const exact = names.indexOf(name);
  if (exact >= 0) return exact;
  return names.findIndex((other) => other.startsWith(name) && '/.'.includes(other[name.length]));
}

let isPrinting = false;
const darkScheme = matchMedia('(prefers-color-scheme: dark)');

// Okabe and Ito's colours, lighter on a dark page; each class has a pattern of its own beside it.
function inks() {
  const isDark = darkScheme.matches && !isPrinting;
  return {
    ink: isDark ? '#e8eaed' : '#1b1f24',
    faint: isDark ? '#a8b0b9' : '#57606a',
    grid: isDark ? '#343b44' : '#dfe3e8',
    back: isDark   ? '#1d2127' :
        isPrinting ? '#ffffff' :
                     '#f6f7f9',
    alarm: isDark ? '#ff9d94' : '#b3261e',
    mark: isDark ? '#ffd84d' : '#b8860b',
    band: isDark ? 'rgba(125,220,154,.13)' : 'rgba(0,158,115,.12)',
    classes: isDark ? ['#ff8c42', '#f5c04a', '#35c79b', '#c79be8', '#ff8fb8'] :
                      ['#c94f00', '#e0a100', '#00916a', '#7b4fa3', '#b0306a'],
    runs: isDark ? ['#6db3f2', '#ffb454', '#7ddc9a', '#e39bd3', '#f0e68c', '#b9c2cc'] :
                   ['#0060a8', '#c75d00', '#00795a', '#a0408c', '#7a6a00', '#4d5660'],
    severities: isDark ? {critical: '#ff9d94', warning: '#ffc46b', info: '#9cc3ff', ok: '#7ddc9a'} :
                         {critical: '#b3261e', warning: '#8a5300', info: '#1c5d99', ok: '#1a6b3a'},
  };
}

const classWords = [
  'vanished: below 1e-6', 'weak: below 1e-4', 'healthy', 'exploding: above 10',
  'at fault by the full rules'
];
const judgedClass = 4;
const shortClassWords = ['vanished', 'weak', 'healthy', 'exploding', 'at fault'];

function classOf(norm) {
  if (norm === 'Inf') return 3;
  if (!isFinite_(norm)) return null;
  if (norm < data.limits.vanished) return 0;
  if (norm < data.limits.weak) return 1;
  return norm > data.limits.large ? 3 : 2;
}

const classWord = (place, norm) => norm === null ? 'no gradient' :
    place === null                               ? 'not finite' :
                                                   shortClassWords[place];

// A tile of 8 pixels: what tells classes apart without colour.
function patternTile(place, color, back) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  pen.fillStyle = color;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = back;
  pen.lineWidth = 1.5;
  const line = (x1, y1, x2, y2) => {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  };
  if (place === 0 || place === 4) [-4, 4, 12].forEach((x) => line(x - 5, 9, x + 5, -1));
  if (place === 3 || place === 4) [-4, 4, 12].forEach((x) => line(x - 5, -1, x + 5, 9));
  if (place === 1) pen.fillRect(2, 2, 2.5, 2.5), pen.fillRect(6, 6, 2.5, 2.5);
  return tile;
}
