// What the charts share: options, lines for limits, marks for what a logarithmic axis has no place
// for.

const charts = [];
const hasCharts = typeof Chart !== 'undefined';

function baseOptions(ink) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    normalized: true,
    plugins: {
      legend: {labels: {color: ink.ink, boxWidth: 18, boxHeight: 12}},
      tooltip: {mode: 'nearest', axis: 'x', intersect: false},
    },
  };
}

function axis(ink, title, more = {}) {
  return {
    title: {display: title !== '', text: title, color: ink.ink},
    ticks: {color: ink.ink, ...more.ticks},
    grid: {color: ink.grid, borderColor: ink.faint},
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'ticks')),
  };
}

function logAxis(ink, title, low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  // Of few decades, their halves and fifths as well.
  const steps = last - first < 2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((last - first) / 10));
  return axis(ink, title, {
    type: 'logarithmic',
    min: low,
    max: high,
    afterBuildTicks: (scale) => {
      scale.ticks = [];
      for (let e = last + 1; e >= first - 1; e -= stride) {
        for (const step of steps) scale.ticks.push({value: step * 10 ** e});
      }
      scale.ticks = scale.ticks.filter(({value}) => value >= low && value <= high);
      scale.ticks.sort((a, b) => a.value - b.value);
    },
    ticks: {callback: tick},
  });
}

// A range that holds all of the values, in decades with a little room.
function logRange(values, include = []) {
  const known = values.concat(include).filter((value) => isFinite_(value) && value > 0);
  if (known.length === 0) return [1e-1, 1e1];
  let low = Infinity;
  let high = 0;
  for (const value of known) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const room = Math.max(1.6, (high / low) ** 0.04);
  return [Math.max(low / room, 1e-300), Math.min(high * room, 1e300)];
}

// Lines across the chart: [{value, text, color}].
const limitLines = {
  id: 'limitLines',
  beforeDatasetsDraw(chart) {
    const limits = chart.options.limitLines;
    if (!limits) return;
    const {ctx: pen, chartArea: area, scales} = chart;
    pen.save();
    for (const {value, color} of limits) {
      const y = scales.y.getPixelForValue(value);
      if (!(y >= area.top - 1 && y <= area.bottom + 1)) continue;
      pen.strokeStyle = color;
      pen.lineWidth = 1.5;
      pen.setLineDash([6, 4]);
      pen.beginPath();
      pen.moveTo(area.left, y);
      pen.lineTo(area.right, y);
      pen.stroke();
    }
    pen.restore();
  },
  // Their words stand beside the plot, where they hide nothing.
  afterDatasetsDraw(chart) {
    const limits = chart.options.limitLines;
    if (!limits) return;
    const {ctx: pen, chartArea: area, scales} = chart;
    pen.save();
    pen.font = '11px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    for (const {value, text, color} of limits) {
      const y = scales.y.getPixelForValue(value);
      if (!(y >= area.top - 1 && y <= area.bottom + 1)) continue;
      pen.fillStyle = color;
      pen.fillText(text, area.right + 5, y);
    }
    pen.restore();
  },
};

// Labels for what has no height: [{index | x, text, isTop}].
const standIns = {
  id: 'standIns',
  afterDatasetsDraw(chart) {
    const {ctx: pen, chartArea: area, scales} = chart;
    const marks = chart.options.standIns || [];
    if (marks.length === 0) return;
    pen.save();
    pen.beginPath();
    pen.rect(area.left, area.top, area.width, area.height);
    pen.clip();
    pen.font = 'bold 11px system-ui, sans-serif';
    pen.fillStyle = chart.options.alarmInk;
    pen.textBaseline = 'middle';
    const isCrowded = marks.length > area.width / 16;
    for (const {x, text, isTop} of marks) {
      const left = scales.x.getPixelForValue(x);
      pen.save();
      pen.translate(left, isTop ? area.top + 4 : area.bottom - 4);
      if (isCrowded) {
        pen.fillRect(-1, isTop ? 0 : -8, 2, 8);
      } else {
        pen.rotate(-Math.PI / 2);
        pen.textAlign = isTop ? 'right' : 'left';
        pen.fillText(text, 0, 0);
      }
      pen.restore();
    }
    pen.restore();
  },
};

const markHeight = 20;
const mostMarkRows = 5;

// Rows of marks above a plot, so that none covers another.
function packMarks(marks, placeOf_, widthOf, area) {
  const ends = [];
  const packed = [];
  let leftOut = 0;
  for (const mark of marks) {
    const width = widthOf(mark.text);
    const center =
        Math.min(Math.max(placeOf_(mark), area.left + width / 2), area.right - width / 2);
    let row = ends.findIndex((end) => end < center - width / 2);
    if (row < 0) row = ends.length;
    if (row >= mostMarkRows) {
      ++leftOut;
      continue;
    }
    ends[row] = center + width / 2 + 2;
    packed.push({mark, center, width, row});
  }
  return {packed, leftOut, rows: ends.length};
}

// How high these rows will be in a chart of this width.
function roomForMarks(marks, width, [low, high]) {
  const scale = (mark) => (mark.first - low) / Math.max(high - low, 1) * width;
  const {rows} = packMarks(marks, scale, (text) => 12 + 7 * text.length, {left: 0, right: width});
  return rows === 0 ? 0 : markHeight * rows + 4;
}

// Steps: bands of episodes with their numbers, and the selected step.
const stepMarks = {
  id: 'stepMarks',
  beforeDatasetsDraw(chart) {
    const marks = chart.options.stepMarks;
    if (!marks) return;
    const {ctx: pen, chartArea: area, scales} = chart;
    pen.save();
    pen.beginPath();
    pen.rect(area.left, area.top, area.width, area.height);
    pen.clip();
    for (const {first, last, color} of marks) {
      const left = scales.x.getPixelForValue(first);
      const right = scales.x.getPixelForValue(last);
      pen.fillStyle = color;
      pen.globalAlpha = Math.min(0.1, 0.2 / marks.length);
      if (chart.options.hasBands !== false)
        pen.fillRect(left, area.top, Math.max(right - left, 2), area.height);
      pen.globalAlpha = 0.6;
      pen.fillRect(left - 0.5, area.top, 1, area.height);
    }
    pen.restore();
  },
  afterDatasetsDraw(chart) {
    const marks = chart.options.stepMarks;
    if (!marks) return;
    const {ctx: pen, chartArea: area, scales} = chart;
    pen.save();
    pen.font = 'bold 11px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    chart.markPlaces = [];
    const widthOf = (text) => Math.max(18, pen.measureText(text).width + 10);
    const {packed, leftOut} = packMarks(
        chart.options.hasBands === false ? [] : marks,
        (mark) => scales.x.getPixelForValue(mark.first), widthOf, area);
    for (const {mark, center, width, row} of packed) {
      const y = area.top - 11 - markHeight * row;
      const half = width / 2;
      pen.fillStyle = mark.color;
      pen.beginPath();
      pen.arc(center - half + 9, y, 9, Math.PI / 2, 1.5 * Math.PI);
      pen.arc(center + half - 9, y, 9, 1.5 * Math.PI, Math.PI / 2);
      pen.fill();
      pen.fillStyle = chart.options.backInk;
      pen.fillText(mark.text, center, y + 0.5);
      chart.markPlaces.push({left: center - half, right: center + half, y, target: mark.target});
    }
    if (leftOut > 0) {
      pen.textAlign = 'right';
      pen.fillStyle = chart.options.faintInk;
      pen.fillText(`and ${leftOut} more`, area.right, area.top - 11);
    }
    if (selection.step !== null) {
      const x = scales.x.getPixelForValue(selection.step);
      if (x >= area.left - 1 && x <= area.right + 1) {
        pen.strokeStyle = chart.options.markInk;
        pen.lineWidth = 2;
        pen.setLineDash([3, 3]);
        pen.beginPath();
        pen.moveTo(x, area.top);
        pen.lineTo(x, area.bottom);
        pen.stroke();
      }
    }
    pen.restore();
  },
};

// The range in which a value is normal.
const normalBand = {
  id: 'normalBand',
  beforeDatasetsDraw(chart) {
    const range = chart.options.normalBand;
    if (!range) return;
    const {ctx: pen, chartArea: area, scales} = chart;
    const clamp = (y) => Math.min(Math.max(y, area.top), area.bottom);
    const top = range[1] === null ? area.top : clamp(scales.y.getPixelForValue(range[1]));
    const bottom = range[0] === null ? area.bottom : clamp(scales.y.getPixelForValue(range[0]));
    pen.save();
    pen.fillStyle = chart.options.bandInk;
    pen.fillRect(area.left, top, area.width, bottom - top);
    pen.strokeStyle = chart.options.faintInk;
    pen.setLineDash([4, 4]);
    for (const y of [top, bottom]) {
      if (y <= area.top || y >= area.bottom) continue;
      pen.beginPath();
      pen.moveTo(area.left, y);
      pen.lineTo(area.right, y);
      pen.stroke();
    }
    pen.restore();
  },
};

// A chart in a holder; `make` gives its configuration from the inks of the moment.
function addChart(holder, label, make, className = '') {
  const canvas = element('canvas', {role: 'img', 'aria-label': label});
  holder.append(element('div', {class: `plot ${className}`}, canvas));
  const entry = {canvas, make, chart: null};
  entry.build = () => {
    if (entry.chart) entry.chart.destroy();
    const ink = inks();
    const configuration = make(ink);
    Object.assign(configuration.options, {
      backInk: ink.back,
      alarmInk: ink.alarm,
      markInk: ink.mark,
      bandInk: ink.band,
      faintInk: ink.faint,
    });
    configuration.plugins =
        [normalBand, limitLines, standIns, stepMarks, ...(configuration.plugins || [])];
    entry.chart = new Chart(canvas, configuration);
  };
  entry.build();
  charts.push(entry);
  return entry;
}

function rebuildCharts() {
  for (const entry of charts) entry.build();
}
