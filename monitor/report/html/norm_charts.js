// The notebook's figure: the norm of each gradient above, Min, Max, Mean and Std below.

const mostBars = 60;

function standInsOf(norms) {
  const marks = [];
  norms.forEach((norm, x) => {
    if (norm === 0)
      marks.push({x, text: '0', isTop: false});
    else if (norm === null)
      marks.push({x, text: 'missing', isTop: false});
    else if (!isFinite_(norm))
      marks.push({x, text: norm, isTop: norm === 'Inf'});
  });
  return marks;
}

function notebookLimits(ink) {
  return [
    {value: data.limits.vanished, text: 'vanished ↓', color: ink.classes[0]},
    {value: data.limits.weak, text: 'weak ↓', color: ink.classes[1]},
    {value: data.limits.large, text: 'exploding ↑', color: ink.classes[3]},
  ];
}

// Marks above the bars: what a finding names, and what is selected.
function barMarks(faults, isMarked) {
  return {
    id: 'barMarks',
    afterDatasetsDraw(chart) {
      const {ctx: pen, chartArea: area, scales} = chart;
      const bars = chart.getDatasetMeta(0).data;
      pen.save();
      bars.forEach((bar, i) => {
        const top = Number.isFinite(bar.y) ? bar.y : area.bottom - 30;
        const x = scales.x.getPixelForValue(i);
        if (faults().includes(i)) {
          pen.fillStyle = chart.options.alarmInk;
          pen.beginPath();
          pen.moveTo(x - 6, top - 13);
          pen.lineTo(x + 6, top - 13);
          pen.lineTo(x, top - 4);
          pen.fill();
        }
        if (isMarked(i)) {
          pen.strokeStyle = chart.options.markInk;
          pen.lineWidth = 3;
          const half = Math.max(4, (bar.width || 8) / 2 + 2);
          pen.strokeRect(x - half, area.top + 1, 2 * half, area.height - 2);
        }
      });
      pen.restore();
    },
  };
}

function classLegend(ink, {classes, faults, word}) {
  const present = [...new Set(classes)].filter((place) => place !== null).sort();
  const textOf = (place) =>
      place === judgedClass && word ? `${word} by the full rules` : classWords[place];
  const labels = present.map(
      (place) => ({text: textOf(place), fontColor: ink.ink, strokeStyle: ink.faint, place}));
  if (faults.length > 0)
    labels.push({text: '▼ named by a finding', fontColor: ink.alarm, place: null});
  return labels;
}

// The limits are always within, so that a glance tells how far away the norms are.
function normRange(norms) {
  return logRange(norms, [data.limits.vanished / 3, data.limits.large * 3]);
}

// `source` gives {names, labels, norms, classes, faults} of the moment.
function normChart(holder, title, source, kind, place, {range = null, more = () => []} = {}) {
  const entry = addChart(holder, `Gradient norms of ${title}, on a logarithmic axis`, (ink) => {
    const {names, labels, norms, classes, faults} = source();
    const [low, high] = range || normRange(norms);
    const isBars = norms.length <= mostBars;
    const pen = document.createElement('canvas').getContext('2d');
    const fill = (c) => pen.createPattern(patternTile(c, ink.classes[c], ink.back), 'repeat');
    const fills = ink.classes.map((_, c) => fill(c));
    const options = baseOptions(ink);
    options.limitLines = notebookLimits(ink);
    options.standIns = standInsOf(norms);
    options.layout = {padding: {top: 16, right: 74}};
    options.scales = {
      x: axis(ink, '', {
        ticks: {
          maxRotation: 60,
          autoSkip: true,
          autoSkipPadding: norms.length > mostBars ? 12 : 3,
          color: (context) => source().faults.includes(context.index) ? ink.alarm : ink.ink,
        },
      }),
      y: logAxis(ink, 'L2 norm', low, high),
    };
    options.plugins.legend.onClick = () => {};
    options.plugins.legend.labels.generateLabels = () =>
        classLegend(ink, source()).map((label) => ({
                                         ...label,
                                         fillStyle: label.place === null ? 'transparent' :
                                                                           fills[label.place],
                                         lineWidth: label.place === null ? 0 : 1
                                       }));
    options.plugins.tooltip.callbacks = {
      title: (items) => items.length ? source().names[items[0].dataIndex] : '',
      label: (item) => {
        const now = source();
        return [
          `norm ${digits(now.norms[item.dataIndex], 5)}`,
          classWord(now.classes[item.dataIndex], now.norms[item.dataIndex]), ...more(item.dataIndex)
        ];
      },
    };
    options.onClick = (event, active, chart) => {
      const i = Math.round(chart.scales.x.getValueForPixel(event.x));
      if (i >= 0 && i < names.length) select({kind, place, tensor: i});
    };
    // A bar that is too low to be seen is a line at the foot; what has no height, a label.
    const values = norms.map((norm) => isFinite_(norm) && norm > 0 ? norm : null);
    const dataset = isBars ?
        {
          data: values,
          backgroundColor: classes.map((c) => c === null ? ink.alarm : fills[c]),
          borderColor: classes.map((c) => c === null ? ink.alarm : ink.classes[c]),
          borderWidth: 1,
          minBarLength: 2,
          maxBarThickness: 42,
        } :
        {
          type: 'line',
          data: values,
          showLine: false,
          pointRadius: norms.length > 400 ? 2 : 3,
          pointStyle:
              classes.map((c) => ['triangle', 'rect', 'circle', 'rectRot', 'crossRot'][c ?? 4]),
          pointBackgroundColor: classes.map((c) => ink.classes[c ?? 4]),
          pointBorderColor: classes.map((c) => ink.classes[c ?? 4]),
        };
    const marks = barMarks(() => source().faults, (i) => isSelected(kind, place, i));
    return {
      type: isBars ? 'bar' : 'line',
      data: {labels, datasets: [dataset]},
      options,
      plugins: [marks]
    };
  }, 'tall');
  follow(() => entry.chart.draw());
  return entry;
}

function summaryChart(holder, title, stats, [low, high]) {
  const words = ['Min', 'Max', 'Mean', 'Std'];
  const valueLabels = {
    id: 'valueLabels',
    afterDatasetsDraw(chart) {
      const {ctx: pen, chartArea: area} = chart;
      pen.save();
      pen.font = '12px system-ui, sans-serif';
      pen.fillStyle = chart.options.labelInk;
      pen.textAlign = 'center';
      pen.textBaseline = 'bottom';
      chart.getDatasetMeta(0).data.forEach((bar, i) => {
        const y = Number.isFinite(bar.y) ? bar.y : area.bottom;
        pen.fillText(digits(stats[i]), bar.x, Math.max(y - 3, area.top - 2));
      });
      pen.restore();
    },
  };
  addChart(holder, `Smallest, largest and mean norm of ${title}, and their deviation`, (ink) => {
    const options = baseOptions(ink);
    options.labelInk = ink.ink;
    options.layout = {padding: {top: 20}};
    options.plugins.legend.display = false;
    options.plugins.tooltip.callbacks = {label: (item) => digits(stats[item.dataIndex], 6)};
    options.scales = {x: axis(ink, ''), y: logAxis(ink, 'of the norms', low / 3, high)};
    return {
      type: 'bar',
      data: {
        labels: words,
        datasets: [{
          data: stats.map((value) => isFinite_(value) && value > 0 ? value : null),
          backgroundColor: ink.runs[0],
          maxBarThickness: 60,
        }],
      },
      options,
      plugins: [valueLabels],
    };
  }, 'low');
}

function addNetworks() {
  const holder = document.getElementById('norm-panels');
  if (!holder || !hasCharts) return;
  const networks = data.networks;
  if (networks.some((network) => network.norms.length > 24)) holder.classList.add('wide');
  // Side by side, heights compare.
  const range = normRange(networks.flatMap((network) => network.norms));
  const statsRange = logRange(networks.flatMap((network) => network.stats));
  networks.forEach((network, place) => {
    const panel = element('div', {class: 'panel', id: `norms-${place}`});
    panel.append(element(
        'h3', {}, element('span', {class: 'name', text: network.name}), ` (${network.word})`));
    holder.append(panel);
    if (network.norms.length === 0) {
      panel.append(element('p', {text: 'No gradient has a norm.'}));
      return;
    }
    normChart(panel, network.name, () => network, 'network', place, {range});
    summaryChart(panel, network.name, network.stats, statsRange);
  });
}
