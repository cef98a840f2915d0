// Norms and gains of a run at one of its steps.

// The norms of one interval, as the notebook's figure takes them.
function normsAt(run, place) {
  const norms = run.tensors.map((_, t) => {
    const cell = place * run.count + t;
    const flags = run.flags[cell];
    if (flags & hadFinite) return run.end[cell];
    return flags & hadNonfinite ? 'NaN' : null;
  });
  const classes = norms.map(classOf);
  const faults = run.faults.map((name) => placeOf(name, run.tensors)).filter((t) => t >= 0);
  return {names: run.tensors, labels: run.labels, norms, classes, faults};
}

// How much a layer makes of what it is handed: backward by its gradient, forward by its signal.
// Some are watched at check-ups alone: then those of the last one count.
function gainsAt(flow, place) {
  const count = flow.labels.length;
  const at = (point) => flow.values.subarray(point * count, (point + 1) * count);
  while (place > 0 && !at(place).some((value) => value > 0)) --place;
  const values = at(place);
  const gains = [];
  for (let i = 0; i + 1 < count; ++i) {
    const [to, from] = flow.backward ? [values[i], values[i + 1]] : [values[i + 1], values[i]];
    const isKnown = from > 0 && to > 0 && flow.networks[i] === flow.networks[i + 1];
    gains.push(isKnown ? to / from : null);
  }
  return gains;
}

function gainChart(holder, flow, place) {
  const panel = element('div', {}, element('h3', {text: flow.title}));
  const other = flow.backward ? 'the next layer' : 'the layer before';
  panel.append(element('p', {
    class: 'faint',
    text: `${flow.what} over that of ${other}; below 1 it fades, above 1 it grows`
  }));
  holder.append(panel);
  const labels = flow.backward ? flow.labels.slice(0, -1) : flow.labels.slice(1);
  return addChart(panel, flow.title, (ink) => {
    const values = gainsAt(flow, place());
    const options = baseOptions(ink);
    options.limitLines = [{value: 1, text: 'unchanged', color: ink.faint}];
    options.layout = {padding: {right: 74}};
    options.plugins.legend.display = false;
    options.standIns =
        values.flatMap((value, x) => value === null ? [{x, text: 'unknown', isTop: false}] : []);
    options.plugins.tooltip.callbacks = {
      label: (item) => `${digits(values[item.dataIndex], 4)} times ${other}`,
    };
    options.scales = {
      x: axis(
          ink, '',
          // What stands in for a gain is as wide as its word, at the ends of the axis too.
          {
            offset: true,
            ticks: {maxRotation: 60, autoSkip: true, autoSkipPadding: labels.length > 60 ? 12 : 3}
          }),
      y: logAxis(ink, 'gain', ...logRange(values, [0.3, 3])),
    };
    return {
      type: 'line',
      data: {
        labels,
        datasets: [{
          data: values,
          borderColor: ink.runs[0],
          backgroundColor: ink.runs[0],
          pointRadius: labels.length > 60 ? 1.5 : 4,
          borderWidth: 1.4
        }]
      },
      options,
    };
  }, 'low');
}

function addStepFigure(holder, run, place) {
  if (!run.heat || run.first.length === 0) return;
  const panel = element('div', {class: 'panel', id: `step-norms-${place}`});
  const title = element('h3', {class: 'name'});
  const slider = element('input', {
    type: 'range',
    min: 0,
    max: run.first.length - 1,
    value: run.first.length - 1,
    'aria-label': `Step of ${runTitle(run)}`
  });
  const reading = element('span', {class: 'faint'});
  panel.append(title, element('label', {class: 'controls'}, 'Step', slider, reading));
  holder.append(panel);
  let now = normsAt(run, run.first.length - 1);
  const range = (t) => {
    const cell = Number(slider.value) * run.count + t;
    return run.flags[cell] & hadFinite ?
        [`within ${digits(run.low[cell], 4)} to ${digits(run.high[cell], 4)}`] :
        [];
  };
  const tell = () => {
    const place_ = Number(slider.value);
    title.textContent = `${run.letter ? `${run.letter}: ` : ''}norm of each gradient, ` +
        `step ${run.last[place_]}`;
    reading.textContent = stepsText(run.first[place_], run.last[place_]);
  };
  tell();
  const chart = normChart(panel, runTitle(run), () => now, 'run', place, {more: range});
  const flows = element('div', {class: 'panels'});
  panel.append(flows);
  const gains = run.flows.map((flow) => gainChart(flows, flow, () => Number(slider.value)));
  const show = () => {
    now = normsAt(run, Number(slider.value));
    tell();
    chart.build();
    gains.forEach((gain) => gain.build());
  };
  slider.addEventListener(
      'input', () => select({kind: 'run', step: run.last[Number(slider.value)]}));
  let shown = selection.step;
  follow(() => {
    if (selection.step === null || selection.step === shown) return;
    shown = selection.step;
    slider.value = intervalOf(run, shown);
    show();
  });
}
