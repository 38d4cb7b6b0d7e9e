// Language, theme, filter, and opening what a link or the printer needs. The page is whole without it.
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('has-js');
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
    document.querySelectorAll('[data-' + lang + ']').forEach(function (element) {
      var text = element.getAttribute('data-' + lang);
      var name = element.getAttribute('data-attr');
      if (name) element.setAttribute(name, text); else element.textContent = text;
    });
    document.querySelectorAll('[data-set]').forEach(function (button) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-set') === lang));
    });
  }
  document.querySelectorAll('[data-set]').forEach(function (button) {
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

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (var element = target; element; element = element.parentElement) {
      if (element.tagName === 'DETAILS') element.open = true;
    }
    target.scrollIntoView();
  }
  addEventListener('hashchange', reveal);
  reveal();

  var opened = [];
  addEventListener('beforeprint', function () {
    opened = Array.prototype.filter.call(document.querySelectorAll('details'), function (each) { return !each.open; });
    opened.forEach(function (each) { each.open = true; });
  });
  addEventListener('afterprint', function () {
    opened.forEach(function (each) { each.open = false; });
  });

  var field = document.getElementById('filter');
  var items = document.querySelectorAll('.item, .row, .scenario, .filterable tbody tr, .list tbody tr, .problem');
  field.addEventListener('input', function () {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    var hits = 0;
    items.forEach(function (item) {
      var text = words.length ? item.textContent.toLowerCase() : '';
      var shown = words.every(function (word) { return text.indexOf(word) >= 0; });
      item.hidden = !shown;
      if (shown) hits += 1;
    });
    document.getElementById('no-hits').hidden = hits > 0;
  });
})();
