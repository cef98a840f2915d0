// Norms of all gradients over all steps: where it began and how it spread. Drawn without a chart
// library.

const nameFont = '11px system-ui, sans-serif';
const layerName = (layer, row) => layer < 0 ? `#${row}` : `layer ${layer}`;

class HeatMap {
  constructor(panel, run, place, range) {
    this.run = run;
    this.part = 'high';
    this.place = place;
    this.range = range;
    this.rowHeight = Math.max(1, Math.min(20, Math.floor(560 / run.count)));
    const box = element('div', {class: 'heat'});
    this.canvas = element('canvas', {
      tabindex: '0',
      role: 'img',
      'aria-label': `Heat map of gradient norms of ${
                        runTitle(run)}: a row for each gradient, the first layer ` +
          'above, a column for each interval of steps. Arrow keys move the selection.',
    });
    box.append(this.canvas);
    this.reading = element('div', {
      class: 'reading',
      'aria-live': 'polite',
      text: 'Point at a cell for its values; click to select its step and tensor.'
    });
    panel.append(box, this.reading);
    this.box = box;
    this.image = this.cells();
    this.canvas.addEventListener('mousemove', (event) => this.hover(event));
    this.canvas.addEventListener('mouseleave', () => hideTip());
    this.canvas.addEventListener('click', (event) => {
      const cell = this.cellAt(event);
      if (cell) this.choose(cell);
    });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    follow(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(box);
    this.draw();
  }

  // One pixel a cell, to be drawn larger.
  cells() {
    const {run} = this;
    const columns = run.first.length;
    const image = document.createElement('canvas');
    image.width = columns;
    image.height = run.count;
    const pen = image.getContext('2d');
    const pixels = pen.createImageData(columns, run.count);
    this.special = [];
    const [low, high] = this.range;
    for (let c = 0; c < columns; ++c) {
      for (let t = 0; t < run.count; ++t) {
        const cell = c * run.count + t;
        const kind = kindOf(run, cell, this.part);
        if (kind !== kinds.finite) {
          this.special.push([c, t, kind]);
          continue;
        }
        const color = heatColor((Math.log10(run[this.part][cell]) - low) / (high - low));
        pixels.data.set([...color, 255], 4 * (t * columns + c));
      }
    }
    pen.putImageData(pixels, 0, 0);
    return image;
  }

  // Colours stand for the largest, the smallest or the last norm of each interval.
  show(part) {
    this.part = part;
    this.image = this.cells();
    this.draw();
  }

  draw() {
    const {run, canvas} = this;
    const ink = inks();
    const width = this.box.clientWidth || 600;
    const hasNames = this.rowHeight >= 10;
    this.left = hasNames ? Math.min(190, Math.round(width * 0.3)) : this.layerWidth();
    this.plotWidth = Math.max(80, width - this.left - 12);
    const height = run.count * this.rowHeight + 26;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.image, this.left, 0, this.plotWidth, run.count * this.rowHeight);
    this.drawSpecial(pen);
    this.drawNames(pen, ink, hasNames);
    this.drawSteps(pen, ink);
    this.drawSelection(pen, ink);
  }

  // What the longest name of a layer takes.
  layerWidth() {
    const pen = this.canvas.getContext('2d');
    pen.font = nameFont;
    const widths = this.run.layers.map((layer, t) => pen.measureText(layerName(layer, t)).width);
    return Math.ceil(Math.max(...widths)) + 10;
  }

  drawSpecial(pen) {
    const columnWidth = this.plotWidth / this.run.first.length;
    const fills = {};
    // What is not finite lies above the rest.
    const cells = this.special.slice().sort(
        (a, b) => (a[2] === kinds.nonfinite) - (b[2] === kinds.nonfinite));
    for (const [c, t, kind] of cells) {
      fills[kind] ??= pen.createPattern(kindTile(kind), 'repeat');
      pen.fillStyle = fills[kind];
      const x = this.left + c * columnWidth;
      // NaN and Inf are to be seen in rows of a pixel, too.
      const isThin = kind === kinds.nonfinite && this.rowHeight < 4;
      if (isThin) pen.fillStyle = '#e3000f';
      const height = isThin ? 4 : this.rowHeight;
      pen.fillRect(
          Math.floor(x), t * this.rowHeight, Math.ceil(x + columnWidth) - Math.floor(x), height);
    }
  }

  drawNames(pen, ink, hasNames) {
    const {run} = this;
    pen.font = nameFont;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    if (hasNames) {
      run.labels.forEach((label, t) => {
        const isAtFault = run.faults.some((name) => placeOf(name, run.tensors) === t);
        pen.fillStyle = isAtFault ? ink.alarm : ink.ink;
        pen.fillText(
            (isAtFault ? '▶ ' : '') + label, this.left - 6, (t + 0.5) * this.rowHeight,
            this.left - 8);
      });
      return;
    }
    // Too low for names: where layers begin.
    let lastY = -20;
    run.layers.forEach((layer, t) => {
      const y = Math.max((t + 0.5) * this.rowHeight, 6);
      if ((t > 0 && run.layers[t - 1] === layer) || y - lastY < 14) return;
      pen.fillStyle = ink.ink;
      pen.fillText(layerName(layer, t), this.left - 6, y);
      lastY = y;
    });
  }

  drawSteps(pen, ink) {
    const {run} = this;
    const y = run.count * this.rowHeight;
    pen.fillStyle = ink.ink;
    pen.textBaseline = 'top';
    const count = Math.max(2, Math.min(8, Math.floor(this.plotWidth / 90)));
    for (let i = 0; i < count; ++i) {
      const column = Math.round((run.first.length - 1) * i / (count - 1));
      pen.textAlign = i === 0 ? 'left' : i === count - 1 ? 'right' : 'center';
      const x = this.left +
          (i === count - 1 ? column + 1 :
               i === 0     ? column :
                             column + 0.5) *
              this.plotWidth / run.first.length;
      pen.fillText(
          i === count - 1 ? `step ${run.last[column]}` : String(run.first[column]), x, y + 6);
      if (run.first.length === 1) break;
    }
  }

  drawSelection(pen, ink) {
    const {run} = this;
    const columnWidth = this.plotWidth / run.first.length;
    pen.strokeStyle = '#ff3df5';
    pen.lineWidth = 2;
    if (selection.step !== null) {
      const x = this.left + intervalOf(run, selection.step) * columnWidth;
      pen.strokeRect(x - 1, 1, columnWidth + 2, run.count * this.rowHeight - 2);
    }
    if (selection.kind === 'run' && selection.place === this.place && selection.tensor !== null) {
      pen.strokeRect(
          this.left, selection.tensor * this.rowHeight - 1, this.plotWidth, this.rowHeight + 2);
    }
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column =
        Math.floor((event.clientX - box.left - this.left) / this.plotWidth * this.run.first.length);
    const row = Math.floor((event.clientY - box.top) / this.rowHeight);
    const isInside =
        column >= 0 && column < this.run.first.length && row >= 0 && row < this.run.count;
    return isInside ? {column, row} : null;
  }

  textOf({column, row}) {
    const {run} = this;
    const cell = column * run.count + row;
    const flags = run.flags[cell];
    const parts = [];
    if (flags & hadFinite) {
      const isOne = run.low[cell] === run.high[cell];
      parts.push(`norm ${
          isOne ? digits(run.high[cell], 4) :
                  `${digits(run.low[cell], 4)} to ${digits(run.high[cell], 4)}`}`);
    }
    if (flags & hadNonfinite) parts.push('held NaN or Inf');
    if (flags & wasMissing) parts.push('had no gradient');
    if (flags === 0) parts.push('not known');
    return `${run.tensors[row]}\n${stepsText(run.first[column], run.last[column])}: ${
        parts.join(', ')}`;
  }

  hover(event) {
    const cell = this.cellAt(event);
    if (cell)
      showTip(this.textOf(cell), event);
    else
      hideTip();
  }

  choose({column, row}) {
    this.reading.textContent = this.textOf({column, row}).replace('\n', ': ');
    select({kind: 'run', place: this.place, tensor: row, step: this.run.last[column]});
  }

  key(event) {
    const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
    const step = selection.step ?? this.run.last[this.run.last.length - 1];
    const isHere = selection.kind === 'run' && selection.place === this.place;
    this.choose({
      column: clamp(intervalOf(this.run, step) + move[0], this.run.first.length),
      row: clamp((isHere ? selection.tensor ?? 0 : 0) + move[1], this.run.count),
    });
  }
}

const tip = element('div', {class: 'tip', hidden: ''});

function showTip(text, event) {
  tip.textContent = text;
  tip.hidden = false;
  const width = tip.offsetWidth;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - width - 8))}px`;
  tip.style.top = `${Math.max(4, event.clientY - tip.offsetHeight - 10)}px`;
}

function hideTip() {
  tip.hidden = true;
}

const heatMaps = [];

function heatChoice() {
  const choice = element('select', {});
  for (const [part, text] of [['high', 'largest'], ['low', 'smallest'], ['end', 'last']]) {
    choice.append(element('option', {value: part, text: `${text} norm of each interval`}));
  }
  choice.addEventListener('change', () => heatMaps.forEach((map) => map.show(choice.value)));
  return element('label', {class: 'controls'}, 'Colours show the', choice);
}

function addHeatMaps() {
  const holder = document.getElementById('heat-panels');
  if (!holder) return;
  const runs = data.runs.filter((run) => run.heat && run.count > 0 && run.first.length > 0);
  if (runs.length === 0) {
    holder.closest('section').hidden = true;
    return;
  }
  document.body.append(tip);
  const range = heatRange(runs);
  holder.before(heatKey(range, runs));
  if (runs.some((run) => run.first.some((first, i) => first !== run.last[i])))
    holder.before(heatChoice());
  data.runs.forEach((run, place) => {
    if (!run.heat || run.count === 0) return;
    const panel = element(
        'div', {class: 'panel'},
        element('h3', {}, element('span', {class: 'name', text: runTitle(run)})));
    holder.append(panel);
    heatMaps.push(new HeatMap(panel, run, place, range));
  });
}
