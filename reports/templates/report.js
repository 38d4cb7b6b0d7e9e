// Language, theme, search, copying, and opening what a link or the printer needs. The page is whole without it.
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('has-js');
  function all(selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); }
  function stored(name, value) {
    // Storage may be forbidden for a file on disk; the page works without it.
    try {
      if (value === undefined) return localStorage.getItem('homologa-' + name);
      localStorage.setItem('homologa-' + name, value);
    } catch (error) { return null; }
    return value;
  }
  function speak(lang) {
    root.lang = lang;
    root.setAttribute('data-lang', lang);
    all('[data-' + lang + ']').forEach(function (element) {
      var text = element.getAttribute('data-' + lang);
      var name = element.getAttribute('data-attr');
      if (name) element.setAttribute(name, text); else element.textContent = text;
    });
    all('[data-set]').forEach(function (button) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-set') === lang));
    });
  }
  all('[data-set]').forEach(function (button) {
    button.addEventListener('click', function () { speak(button.getAttribute('data-set')); });
  });
  var wanted = /[?&]lang=(es|pt|en)\b/.exec(location.search);
  speak(wanted ? wanted[1] : root.getAttribute('data-lang'));

  function dark() {
    var set = root.getAttribute('data-theme');
    return set ? set === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  }
  var theme = stored('theme');
  if (theme === 'dark' || theme === 'light') root.setAttribute('data-theme', theme);
  document.getElementById('theme').addEventListener('click', function () {
    var next = dark() ? 'light' : 'dark';
    root.setAttribute('data-theme', next);
    stored('theme', next);
  });

  // Opens what an element is folded into.
  function unfold(target) {
    for (var element = target; element; element = element.parentElement) {
      if (element.tagName === 'DETAILS') element.open = true;
    }
  }
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    // A link leads to its place whatever was searched for before.
    if (target.closest('[hidden]')) clear();
    unfold(target);
    target.scrollIntoView();
    // What is laid out late may have moved it.
    requestAnimationFrame(function () { target.scrollIntoView(); });
  }

  // On a phone the list of findings would stand long before the findings.
  if (matchMedia('(max-width: 40rem)').matches) all('.glance').forEach(function (each) { each.open = false; });

  // The contents stand open where there is room for them, and fold once they led somewhere where there is not.
  var desk = matchMedia('(min-width: 60.01rem)');
  var contents = document.querySelector('.toc details');
  function place() { contents.open = desk.matches; }
  place();
  if (desk.addEventListener) desk.addEventListener('change', place);
  contents.addEventListener('click', function (event) {
    if (!desk.matches && event.target.closest('a')) contents.open = false;
  });

  var opened = [];
  addEventListener('beforeprint', function () {
    opened = all('details').filter(function (each) { return !each.open; });
    opened.forEach(function (each) { each.open = true; });
  });
  addEventListener('afterprint', function () {
    opened.forEach(function (each) { each.open = false; });
  });

  document.addEventListener('click', function (event) {
    var button = event.target.closest && event.target.closest('.copy');
    if (!button) return;
    var code = button.previousElementSibling;
    function done() {
      var parts = [button.querySelector('.idle'), button.querySelector('.done')];
      parts[0].hidden = true;
      parts[1].hidden = false;
      said.textContent = parts[1].innerText;
      setTimeout(function () { parts[0].hidden = false; parts[1].hidden = true; }, 1600);
    }
    function byHand() {
      var range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand('copy')) done();
    }
    if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, byHand); else byHand();
  });

  // Search. What is many is read once and in pieces, so that typing never waits.
  var PIECE = 1500;
  var field = document.getElementById('filter');
  var said = document.getElementById('hits-said');
  var hits = document.getElementById('hits');
  var none = document.getElementById('no-hits');
  var items = all('.item, .glance-line, .row, .scenario, .filterable tbody tr, .list tbody tr, .problem');
  var texts = new Array(items.length);
  var weight = '', job = 0, unfolded = [], found = [], at = -1;

  function plain(text) {
    text = text.toLowerCase();
    return text.normalize ? text.normalize('NFD').replace(/[\u0300-\u036f]/g, '') : text;
  }
  function text(index) {
    if (texts[index] === undefined) texts[index] = plain(items[index].textContent);
    return texts[index];
  }
  function weighs(item) {
    return !weight || !(item.classList.contains('item') || item.classList.contains('glance-line'))
      || item.classList.contains(weight);
  }
  function unmark() {
    if (found[at]) found[at].classList.remove('hit-now');
    at = -1;
  }
  function finish(words) {
    var searched = words.length > 0;
    // Sections and lists without a hit step back; lists with few hits open.
    all('main > section:not(#verdict), .glance').forEach(function (part) {
      var mine = part.querySelector('.item, .glance-line, .row, .scenario, tbody tr, .problem');
      part.hidden = searched && !(mine && part.querySelector(
        '.item:not([hidden]), .glance-line:not([hidden]), .row:not([hidden]), .scenario:not([hidden]), .list tbody tr:not([hidden]), .problem:not([hidden])'));
    });
    unfolded.forEach(function (each) { each.open = false; });
    unfolded = [];
    if (searched && found.length <= 200) {
      found.forEach(function (item) {
        for (var element = item.parentElement; element; element = element.parentElement) {
          if (element.tagName === 'DETAILS' && !element.open) { element.open = true; unfolded.push(element); }
        }
      });
    }
    none.hidden = !searched || found.length > 0;
    hits.hidden = !searched;
    hits.querySelector('b').textContent = String(found.length);
    said.textContent = searched ? hits.innerText : '';
  }
  function search() {
    var words = plain(field.value).split(/\s+/).filter(Boolean);
    var mine = ++job, next = 0, kept = [];
    unmark();
    (function piece() {
      if (mine !== job) return;
      var end = Math.min(next + PIECE, items.length);
      for (; next < end; next += 1) {
        var item = items[next];
        var shown = weighs(item) && words.every(function (word) { return text(next).indexOf(word) >= 0; });
        if (item.hidden === shown) item.hidden = !shown;
        // The glance leads to findings that are counted themselves.
        if (shown && !item.classList.contains('glance-line')) kept.push(item);
      }
      if (next < items.length) { setTimeout(piece, 0); return; }
      found = kept;
      finish(words);
    })();
  }
  function clear() {
    field.value = '';
    weigh('');
    job += 1;
    unmark();
    items.forEach(function (item) { item.hidden = false; });
    found = [];
    finish([]);
  }
  function weigh(next) {
    weight = next;
    all('[data-weight]').forEach(function (button) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-weight') === weight));
    });
  }
  all('[data-weight]').forEach(function (button) {
    button.addEventListener('click', function () {
      var next = button.getAttribute('data-weight');
      weigh(next === weight ? '' : next);
      search();
    });
  });
  var waiting = 0;
  field.addEventListener('input', function () {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  field.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') { clear(); field.blur(); }
    if (event.key !== 'Enter' || !field.value || !found.length) return;
    event.preventDefault();
    var next = (at + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    if (at < 0 && event.shiftKey) next = found.length - 1;
    unmark();
    at = next;
    unfold(found[at].parentElement);
    found[at].classList.add('hit-now');
    found[at].scrollIntoView({ block: 'center' });
  });
  addEventListener('keydown', function (event) {
    var target = event.target;
    var typing = target && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  addEventListener('hashchange', reveal);
  reveal();
})();
