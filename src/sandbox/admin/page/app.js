// The page of the administration: asks once a second and shows what is told. Text nodes only.
'use strict';
(() => {
  const words = JSON.parse(document.getElementById('words').textContent);
  const base = '/_homologa/';
  const lang = document.documentElement.lang;
  const most = 200;
  let last = 0;
  let lines = [];

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = String(text);
    if (kind) made.className = kind;
    return made;
  };
  const row = (...cells) => {
    const made = element('tr');
    for (const cell of cells) {
      const place = element('td');
      place.append(...[].concat(cell));
      made.append(place);
    }
    return made;
  };
  const fill = (id, rows) => {
    const body = document.getElementById(id);
    if (rows.length === 0) {
      const empty = element('td', words.none);
      empty.colSpan = 4;
      const line = element('tr');
      line.append(empty);
      rows = [line];
    }
    body.replaceChildren(...rows);
  };
  const ask = async (path, method) => {
    const response = await fetch(base + path, { method: method || 'GET', headers: { 'accept-language': lang } });
    return response.json();
  };
  const act = (text, path, name) => {
    const button = element('button', text);
    button.type = 'button';
    button.dataset.action = name;
    button.addEventListener('click', async () => {
      button.disabled = true;
      await ask(path, 'POST').catch(() => {});
      refresh();
    });
    return button;
  };

  const showBodies = async (number) => {
    const told = await ask('requests/' + number);
    const place = document.getElementById('bodies');
    place.textContent = JSON.stringify(told, null, 2);
    place.hidden = false;
    place.focus();
  };
  const drawRequests = () => {
    const wanted = document.getElementById('filter').value.trim().toLowerCase();
    const shown = lines.filter((line) => !wanted || JSON.stringify(line).toLowerCase().includes(wanted));
    fill('requests', shown.slice().reverse().map((line) => {
      const open = element('button', line.method + ' ' + line.path, 'line');
      open.type = 'button';
      open.addEventListener('click', () => showBodies(line.number).catch(() => {}));
      const why = [line.rule, line.message, line.outcome, line.fault && words.fault + ': ' + line.fault];
      const answer = element('span', line.status, line.status >= 400 ? 'bad' : 'good');
      return row(element('time', line.at.slice(11, 19)), open, answer, element('span', why.filter(Boolean).join(' · ')));
    }));
  };
  const drawPayments = (payments) => fill('payments', payments.map((one) => {
    const buttons = one.actions.map((name) => act(words[name], 'payments/' + one.id + '/' + name, name));
    buttons.push(act(words.notify, 'payments/' + one.id + '/notify', 'notify'));
    const name = one.id + ' · ' + one.method + (one.external_reference ? ' · ' + one.external_reference : '');
    return row(element('span', name), element('span', one.amount), element('span', one.status + '/' + one.status_detail), buttons);
  }));
  const drawWebhooks = (deliveries) => fill('webhooks', deliveries.map((one) => {
    const tries = one.attempts.map((attempt) => attempt.status || attempt.error);
    const state = element('span', [words[one.state] || one.state, ...tries].join(' · '), one.state === 'delivered' ? 'good' : '');
    const name = one.action + ' ' + one.id + (one.form === 'ipn' ? ' (IPN)' : '');
    return row(element('span', name), element('span', one.url), state,
      act(words.resend, 'webhooks/' + one.number + '/resend', 'resend'));
  }));

  // A table that did not change is left alone, so that nothing under the pointer moves.
  const drawn = {};
  const changed = (name, value) => {
    const text = JSON.stringify(value);
    const news = drawn[name] !== text;
    drawn[name] = text;
    return news;
  };
  const refresh = async () => {
    try {
      const [requests, payments, webhooks] =
        await Promise.all([ask('requests?after=' + last), ask('payments'), ask('webhooks')]);
      if (requests.requests.length > 0) {
        lines = lines.concat(requests.requests).slice(-most);
        last = lines[lines.length - 1].number;
      }
      if (changed('requests', [last, lines.length])) drawRequests();
      if (changed('payments', payments)) drawPayments(payments.payments);
      if (changed('webhooks', webhooks)) drawWebhooks(webhooks.deliveries);
      document.getElementById('gone').hidden = true;
    } catch {
      document.getElementById('gone').hidden = false;
    }
  };

  document.getElementById('filter').addEventListener('input', drawRequests);
  const loop = () => refresh().finally(() => setTimeout(loop, 1000));
  loop();
})();
