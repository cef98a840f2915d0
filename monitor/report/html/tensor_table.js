// The table of tensors: sorts by any column, filters by name and class; long ones show their first
// rows.

const rowsAtOnce = 300;

function compareCells(a, b) {
  const rank = (value) => value === null || value === undefined ? 2 :
      typeof value === 'string'                                 ? 1 :
                                                                  0;
  if (typeof a === 'string' && typeof b === 'string')
    return a.localeCompare(b, 'en', {numeric: true});
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return rank(a) === 0 ? a - b : 0;
}

// Columns: {title, key, kind: text | number | percent | count | class}.
class TensorTable {
  constructor(holder, columns, rows) {
    this.columns = columns;
    this.rows = rows;
    this.order = null;
    this.isDescending = false;
    this.shown = rowsAtOnce;
    this.search = element(
        'input', {type: 'search', placeholder: 'part of a name', 'aria-label': 'Filter by name'});
    this.choice = element(
        'select', {'aria-label': 'Filter by class'},
        element('option', {value: '', text: 'all classes'}));
    for (const word of [...new Set(rows.map((row) => row.word))].sort()) {
      this.choice.append(element('option', {value: word, text: word}));
    }
    this.count = element('span', {class: 'faint', 'aria-live': 'polite'});
    this.more = element('button', {type: 'button'});
    this.body = element('tbody');
    this.heads = columns.map((column) => this.head(column));
    const table = element(
        'table', {class: 'tensors'}, element('thead', {}, element('tr', {}, ...this.heads)),
        this.body);
    holder.append(
        element('div', {class: 'controls'}, this.search, this.choice, this.count),
        element(
            'div', {class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Tensors'},
            table),
        this.more);
    const refilter = () => {
      this.shown = rowsAtOnce;
      this.fill();
    };
    this.search.addEventListener('input', refilter);
    this.choice.addEventListener('change', refilter);
    this.more.addEventListener('click', () => {
      this.shown = Infinity;
      this.fill();
    });
    follow(() => this.mark(true));
    this.fill();
  }

  head(column) {
    const button = element('button', {type: 'button', text: column.title});
    const head = element(
        'th',
        {scope: 'col', class: column.kind === 'text' || column.kind === 'class' ? '' : 'number'},
        button);
    button.addEventListener('click', () => {
      // Numbers: the largest first.
      const isText = column.kind === 'text' || column.kind === 'class';
      this.isDescending = this.order === column ? !this.isDescending : !isText;
      this.order = column;
      this.heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', this.isDescending ? 'descending' : 'ascending');
      this.fill();
    });
    return head;
  }

  visible() {
    const part = this.search.value.toLowerCase();
    const rows = this.rows.filter(
        (row) => (part === '' || row.name.toLowerCase().includes(part)) &&
            (this.choice.value === '' || row.word === this.choice.value));
    if (!this.order) return rows;
    const {key} = this.order;
    const sign = this.isDescending ? -1 : 1;
    // What is not known stays last.
    const isUnknown = (value) => value === null || value === undefined;
    return rows.sort(
        (a, b) => isUnknown(a[key]) || isUnknown(b[key]) ? compareCells(a[key], b[key]) :
                                                           sign * compareCells(a[key], b[key]));
  }

  cell(row, column) {
    const value = row[column.key];
    const isText = column.kind === 'text' || column.kind === 'class';
    if (column.key === 'name' && row.tensor !== null) {
      const link = element('a', {href: '#', class: 'name', text: value});
      link.addEventListener('click', (event) => {
        event.preventDefault();
        select({kind: row.kind, place: row.place, tensor: row.tensor});
        showPlot(row.kind, row.place);
      });
      return element('td', {class: 'name'}, link);
    }
    const text = isText           ? (value ?? '') :
        column.kind === 'percent' ? (value === null ? '' : percent(value)) :
        column.kind === 'count'   ? (value === null ? '' : String(value)) :
        value === null            ? '' :
                                    digits(value, 4);
    return element('td', {class: isText ? '' : 'number', text});
  }

  fill() {
    const rows = this.visible();
    const shown = rows.slice(0, this.shown);
    const lines = document.createDocumentFragment();
    this.lines = new Map();
    for (const row of shown) {
      const line = element('tr', {}, ...this.columns.map((column) => this.cell(row, column)));
      this.lines.set(row, line);
      lines.append(line);
    }
    this.body.replaceChildren(lines);
    this.count.textContent = `${rows.length} of ${this.rows.length} tensors` +
        (shown.length < rows.length ? `, the first ${shown.length} shown` : '');
    this.more.hidden = shown.length === rows.length;
    this.more.textContent = `Show all ${rows.length} rows`;
    this.mark(false);
  }

  mark(scrolls) {
    for (const [row, line] of this.lines) {
      const isMarked = row.tensor !== null && isSelected(row.kind, row.place, row.tensor);
      line.classList.toggle('marked', isMarked);
      if (isMarked && scrolls) {
        const box = line.closest('.scroll');
        box.scrollTop = line.offsetTop - box.clientHeight / 2;
      }
    }
  }
}

function addTensorTable() {
  const holder = document.getElementById('tensor-table');
  if (!holder) return;
  const rows = data.tensors.rows.map((cells) => {
    const row = Object.fromEntries(data.tensors.keys.map((key, i) => [key, cells[i]]));
    row.kind = data.tensors.kind;
    row.word ??= '';
    return row;
  });
  if (rows.length === 0) {
    holder.append(element('p', {text: 'No tensor is known.'}));
    return;
  }
  const columns = data.tensors.columns.filter(
      (column) => rows.some((row) => row[column.key] !== null && row[column.key] !== ''));
  new TensorTable(holder, columns, rows);
}
