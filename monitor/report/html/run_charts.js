// Runs over their steps: loss and norm with what happened, vital signs, and the norms at a step.

// Floats of which the lowest of four bytes was left out.
function floats(text) {
  const letters = atob(text);
  const bits = new Uint32Array(letters.length / 3);
  for (let i = 0; i < bits.length; ++i) {
    bits[i] = letters.charCodeAt(3 * i + 2) * 0x1000000 + letters.charCodeAt(3 * i + 1) * 0x10000 +
        letters.charCodeAt(3 * i) * 0x100;
  }
  return new Float32Array(bits.buffer);
}

// Bits of a cell's flags: what its steps held.
const hadFinite = 1;
const hadNonfinite = 2;
const wasMissing = 4;

function readRun(run) {
  run.count = run.tensors.length;
  run.middle = run.first.map((first, i) => (first + run.last[i]) / 2);
  if (!run.heat) return;
  run.low = floats(run.heat.low);
  run.high = floats(run.heat.high);
  run.end = floats(run.heat.last);
  run.flags = Uint8Array.from(atob(run.heat.flags), (letter) => letter.charCodeAt(0));
  for (const flow of run.flows) flow.values = floats(flow.last);
}

// The interval that holds a step: the last one that begins at or before it.
function intervalOf(run, step) {
  let place = 0;
  while (place + 1 < run.first.length && run.first[place + 1] <= step) ++place;
  return place;
}

const runTitle = (run) => run.letter ? `${run.letter}: ${run.name}` : run.name;

const stepBounds = () => {
  const firsts = data.runs.flatMap((run) => run.first.slice(0, 1));
  const lasts = data.runs.flatMap((run) => run.last.slice(-1));
  return [Math.min(...firsts), Math.max(...lasts)];
};

function stepAxis(ink) {
  const [min, max] = stepBounds();
  return axis(ink, 'step', {
    type: 'linear',
    min,
    max: max === min ? min + 1 : max,
    ticks: {
      maxTicksLimit: 12,
      precision: 0,
      callback: (value) => Number.isInteger(value) ? String(value) : ''
    },
  });
}

// Steps that are the same stand below each other.
function sameWidth(scale) {
  scale.width = 62;
}

function marksOf(ink) {
  return data.runs.flatMap((run) => run.marks.map((mark) => ({
                                                    ...mark,
                                                    color: ink.severities[mark.severity],
                                                  })));
}

function clickedMark(chart, event) {
  return (chart.markPlaces || [])
      .find(
          (mark) =>
              event.x >= mark.left && event.x <= mark.right && Math.abs(event.y - mark.y) <= 10);
}

function goTo(target) {
  const place = document.getElementById(target);
  if (!place) return;
  const folded = place.closest('details');
  if (folded) folded.open = true;
  document.querySelectorAll('.finding.marked').forEach((other) => other.classList.remove('marked'));
  place.classList.add('marked');
  place.scrollIntoView({block: 'center'});
}

// Lines differ in their dashes as well as in their colours.
const runDashes = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [14, 4]];
const runInk = (ink, place) => ink.runs[place % ink.runs.length];
const bandInk = (ink, place) => `${runInk(ink, place)}38`;

// The largest value of each interval as a line, down to the smallest as a band.
function signalDatasets(ink, run, place, signal, isLog) {
  // A logarithmic axis has no place for 0, which a mark at its foot stands for.
  const points = (values) =>
      values.map((y, i) => ({x: run.middle[i], y: isLog && y === 0 ? null : y}));
  const label = runTitle(run);
  const common = {
    borderWidth: 1.6,
    pointRadius: run.first.length > 40 ? 0 : 2,
    pointHitRadius: 6,
    spanGaps: false
  };
  return [
    {
      ...common,
      label,
      data: points(signal.max),
      borderColor: runInk(ink, place),
      backgroundColor: runInk(ink, place),
      borderDash: runDashes[place % runDashes.length],
      run: place,
      part: 'max'
    },
    {
      ...common,
      label: `${label} smallest`,
      data: points(signal.min),
      borderWidth: 0,
      pointRadius: 0,
      pointHitRadius: 0,
      backgroundColor: bandInk(ink, place),
      fill: '-1',
      run: place,
      part: 'min'
    },
  ];
}

// A logarithmic axis tells more from a decade on.
function isWide(values) {
  if (values.length === 0) return false;
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least >= 10;
}

function signalChart(holder, title, key, className = '') {
  const runs = data.runs.filter((run) => run[key]);
  if (runs.length === 0) return;
  const panel = element('div', {class: 'panel'}, element('h3', {text: title}));
  holder.append(panel);
  const finite = runs.flatMap((run) => run[key].max.concat(run[key].min)).filter(isFinite_);
  const isLog = isWide(finite.filter((value) => value > 0)) && finite.every((value) => value >= 0);
  const isMarked = key !== 'rate';
  const room = isMarked ?
      roomForMarks(marksOf(inks()), Math.max(panel.clientWidth - 90, 100), stepBounds()) :
      0;
  const entry = addChart(panel, `${title} over the steps`, (ink) => {
    const options = baseOptions(ink);
    options.scales = {
      x: stepAxis(ink),
      y: isLog ? logAxis(ink, '', ...logRange(finite)) : axis(ink, '', {ticks: {callback: tick}}),
    };
    options.scales.y.afterFit = sameWidth;
    options.stepMarks = marksOf(ink);
    options.hasBands = isMarked;
    options.layout = {padding: {top: room}};
    options.plugins.legend.position = 'bottom';
    options.standIns = runs.flatMap((run) => run[key].bad.flatMap((count, i) => {
      const marks = count > 0 ? [{x: run.middle[i], text: 'NaN or Inf', isTop: true}] : [];
      if (isLog && run[key].min[i] === 0) marks.push({x: run.middle[i], text: '0', isTop: false});
      return marks;
    }));
    options.plugins.legend.display = data.runs.length > 1;
    options.plugins.legend.labels.filter = (item) => !item.text.includes('smallest');
    options.plugins.tooltip.filter = (item) => item.dataset.part === 'max';
    options.plugins.tooltip.callbacks = {
      title: (items) => {
        if (items.length === 0) return '';
        const run = data.runs[items[0].dataset.run];
        return stepsText(run.first[items[0].dataIndex], run.last[items[0].dataIndex]);
      },
      label: (item) => {
        const run = data.runs[item.dataset.run];
        const signal = run[key];
        const i = item.dataIndex;
        const range = signal.min[i] === signal.max[i] ?
            digits(signal.max[i], 5) :
            `${digits(signal.min[i], 4)} to ${digits(signal.max[i], 4)}`;
        const bad = signal.bad[i] > 0 ? `, ${signal.bad[i]} not finite` : '';
        return `${run.letter ? `run ${run.letter}: ` : ''}${range}${bad}`;
      },
    };
    options.onClick = (event, active, chart) => {
      const mark = clickedMark(chart, event);
      if (mark) return goTo(mark.target);
      const step = Math.round(chart.scales.x.getValueForPixel(event.x));
      select({kind: 'run', step});
    };
    return {
      type: 'line',
      data: {
        datasets: data.runs.flatMap(
            (run, place) => run[key] ? signalDatasets(ink, run, place, run[key], isLog) : [])
      },
      options,
    };
  }, className);
  const plot = entry.canvas.parentElement;
  plot.style.height = `${plot.clientHeight + room}px`;
  follow(() => entry.chart.draw());
}

function signChart(holder, sign) {
  const runs = data.runs.filter((run) => run.signs && run.signs[sign.key].some(isFinite_));
  if (runs.length === 0) return;
  const panel = element('div', {class: 'panel'}, element('h3', {text: sign.title}));
  holder.append(panel);
  const finite = runs.flatMap((run) => run.signs[sign.key]).filter(isFinite_);
  const bounds = [sign.low, sign.high].filter((value) => value !== null);
  const isLog = sign.log && isWide(finite.concat(bounds));
  const entry = addChart(panel, `${sign.title} over the steps`, (ink) => {
    const options = baseOptions(ink);
    options.normalBand = sign.low === null && sign.high === null ? null : [sign.low, sign.high];
    options.scales = {
      x: stepAxis(ink),
      y: isLog ?
          logAxis(ink, '', ...logRange(finite, bounds)) :
          axis(
              ink, '',
              {ticks: {callback: tick}, suggestedMin: 0, suggestedMax: sign.high ?? undefined}),
    };
    options.scales.x.title.display = false;
    options.stepMarks = marksOf(ink);
    options.hasBands = false;
    options.plugins.legend.display = data.runs.length > 1;
    options.plugins.tooltip.callbacks = {
      title: (items) => items.length ? `step ${items[0].parsed.x}` : '',
      label: (item) =>
          `${data.runs.length > 1 ? `${item.dataset.label}: ` : ''}${digits(item.parsed.y, 4)}`,
    };
    options.onClick = (event, active, chart) => {
      const mark = clickedMark(chart, event);
      if (mark) return goTo(mark.target);
      select({kind: 'run', step: Math.round(chart.scales.x.getValueForPixel(event.x))});
    };
    const datasets = data.runs.flatMap(
        (run, place) => run.signs ? [{
          label: runTitle(run),
          data: run.signs.step.map((x, i) => ({x, y: run.signs[sign.key][i]}))
                    .filter((point) => isFinite_(point.y)),
          borderColor: runInk(ink, place),
          backgroundColor: runInk(ink, place),
          borderDash: runDashes[place % runDashes.length],
          borderWidth: 1.6,
          pointRadius: run.signs.step.length > 60 ? 0 : 2,
        }] :
                                    []);
    return {type: 'line', data: {datasets}, options};
  }, 'low');
  follow(() => entry.chart.draw());
}

// A learning rate that is the same throughout needs no plot.
function hasSchedule() {
  const rates = data.runs.flatMap((run) => run.rate ? run.rate.max.concat(run.rate.min) : [])
                    .filter(isFinite_);
  return rates.length > 0 && Math.max(...rates) > Math.min(...rates);
}

function addRuns() {
  const curves = document.getElementById('curve-panels');
  if (!curves || data.runs.every((run) => run.first.length === 0)) return;
  if (hasCharts) {
    signalChart(curves, 'Loss', 'loss');
    signalChart(curves, 'Norm of all gradients', 'norm');
    if (hasSchedule()) signalChart(curves, 'Learning rate', 'rate', 'low');
    const signs = document.getElementById('sign-panels');
    if (signs) data.signs.forEach((sign) => signChart(signs, sign));
    if (signs && !signs.firstChild) signs.closest('section').hidden = true;
    const figures = document.getElementById('step-panels');
    if (figures) data.runs.forEach((run, place) => addStepFigure(figures, run, place));
  }
}
