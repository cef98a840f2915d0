// What is selected, in one line at the foot of the page, with links onward: to the plot, to the
// table and to what a finding says is to be done.

function describeSelection() {
  const {kind, place, tensor, step} = selection;
  const parts = [];
  const owner = kind === 'network' ? data.networks[place] :
      kind === 'run'               ? data.runs[place] :
                                     null;
  if (!owner) return null;
  const names = kind === 'network' ? owner.names : owner.tensors;
  const name = tensor === null ? null : names[tensor];
  if (kind === 'run' && step !== null) parts.push(`step ${step}`);
  if (name !== null && kind === 'network') {
    parts.push(
        `norm ${digits(owner.norms[tensor], 4)}`,
        classWord(owner.classes[tensor], owner.norms[tensor]));
  }
  if (name !== null && kind === 'run' && owner.heat && step !== null) {
    const norm = normsAt(owner, intervalOf(owner, step)).norms[tensor];
    parts.push(
        norm === null ? 'no gradient' : `norm ${digits(norm, 4)}`,
        norm === null ? '' : classWord(classOf(norm), norm));
  }
  return {name, text: parts.filter((part) => part !== '').join(', '), names};
}

function findingsOf(kind, place, tensor, names) {
  return data.findings.filter(
      (finding) => finding.kind === kind && finding.place === place && finding.tensor !== null &&
          placeOf(finding.tensor, names) === tensor);
}

function addSelectionBar() {
  const bar = element(
      'aside', {class: 'selected', hidden: '', 'aria-live': 'polite', 'aria-label': 'Selection'});
  document.body.append(bar);
  const link = (text, action) => {
    const made = element('button', {type: 'button', text});
    made.addEventListener('click', action);
    return made;
  };
  follow(() => {
    const described = describeSelection();
    bar.hidden = described === null || (described.name === null && described.text === '');
    if (bar.hidden) return;
    const {kind, place, tensor} = selection;
    bar.replaceChildren();
    if (described.name !== null)
      bar.append(element('strong', {class: 'name', text: described.name}));
    bar.append(element('span', {text: described.text}));
    bar.append(link('Plot', () => showPlot(kind, place)));
    if (described.name !== null) {
      bar.append(link('Table', () => document.getElementById('tensors').scrollIntoView()));
      for (const finding of findingsOf(kind, place, tensor, described.names).slice(0, 2)) {
        bar.append(link(`What to do: ${finding.title.split(':')[0]}`, () => goTo(finding.id)));
      }
    }
    bar.append(link('Close', () => select({kind: null, tensor: null, step: null})));
  });
}
