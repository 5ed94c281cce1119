"use strict";

const POLL_MILLISECONDS = 1000;
const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const number = new Intl.NumberFormat(language);

const shown = { text: "", sms: 0, since: undefined, requests: "" };
const bubbles = [];

function put(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function counted(one, many, count) {
  return count === 1 ? words[one] : put(words[many], { count: number.format(count) });
}

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function readableNumber(digits) {
  const groups = /^(90)(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  return groups ? `+${groups.slice(1).join(" ")}` : digits;
}

function phoneFor(digits) {
  const id = `phone-${digits}`;
  let phone = document.getElementById(id);
  if (!phone) {
    const heading = element("h3", "", readableNumber(digits));
    heading.id = `${id}-heading`;
    const messages = element("ol");
    messages.tabIndex = 0;
    messages.setAttribute("aria-labelledby", heading.id);
    phone = element("article", "phone", heading, messages);
    phone.id = id;
    phone.setAttribute("aria-labelledby", heading.id);
    document.getElementById("phones").append(phone);
  }
  return phone;
}

function addBubble(sms) {
  const about = [
    clock.format(sms.accepted_at * 1000),
    counted("one_part", "parts", sms.parts),
    counted("one_credit", "credits", sms.credits),
    words[sms.language],
  ].join(" · ");
  const state = element("div", "state");
  const item = element(
    "li",
    "",
    element("div", "sender", sms.header),
    element("div", "bubble", sms.text),
    element("div", "about", about),
    state,
  );
  phoneFor(sms.number).querySelector("ol").append(item);
  bubbles.push(state);
}

function showState(target, sms) {
  const mark = { delivered: "✓✓ ", pending: "✓ ", failed: "✗ " }[sms.state] ?? "";
  const time = calendar.format(sms.send_at * 1000);
  setText(target, mark + put(words[sms.state], { time }));
  target.className = `state ${sms.state}`;
}

function scrollToNewest(sms) {
  const messages = phoneFor(sms.number).querySelector("ol");
  messages.scrollTop = messages.scrollHeight;
}

function startOver(since) {
  document.getElementById("phones").replaceChildren();
  bubbles.length = shown.sms = 0;
  shown.since = since;
}

function showInbox(inbox) {
  if (inbox[0]?.accepted_at !== shown.since) startOver(inbox[0]?.accepted_at);
  const fresh = inbox.slice(shown.sms);
  fresh.forEach(addBubble);
  inbox.forEach((sms, position) => showState(bubbles[position], sms));
  fresh.forEach(scrollToNewest);
  document.getElementById("no-phones").hidden = inbox.length > 0;
  if (fresh.length && shown.text) {
    const last = fresh.at(-1);
    const news = put(words.arrived, { header: last.header, number: readableNumber(last.number) });
    setText(document.getElementById("announcement"), `${news}: ${last.text}`);
  }
  shown.sms = inbox.length;
}

function accountCard(account) {
  const facts = [
    [words.credit, number.format(account.credit)],
    [words.headers, account.headers.join(", ") || words.none],
    [words.blacklist, account.blacklist.map(readableNumber).join(", ") || words.empty],
  ];
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("dt", "", name), element("dd", "", value));
  return element("div", "account", element("h3", "", account.username), list);
}

function faultName(fault) {
  const button = document.querySelector(`[data-fault="${fault}"]`);
  const group = button?.closest("fieldset").querySelector("legend");
  return group ? `${group.textContent}: ${button.textContent}` : fault;
}

function faultInForce(rule) {
  const what = rule.fault ? faultName(rule.fault) : rule.answer;
  if (rule.fault === "refuse") return what;
  const often = rule.times === null ? words.always : put(words.times, { count: rule.times });
  return [what, rule.endpoint, often].filter(Boolean).join(", ");
}

function requestEntry(request) {
  const outcome = [
    clock.format(request.at * 1000),
    request.method,
    request.endpoint,
    request.answer ?? words.no_answer,
    request.fault && faultName(request.fault),
  ];
  const entry = element("li", "", outcome.filter(Boolean).join(" · "));
  entry.append(element("code", "", request.target));
  if (request.body) {
    entry.append(element("details", "", element("summary", "", words.body), element("code", "", request.body)));
  }
  return entry;
}

function showRequests(requests) {
  const text = JSON.stringify(requests);
  if (text === shown.requests) return;
  shown.requests = text;
  const list = document.getElementById("requests");
  const open = list.querySelectorAll("details[open]").length > 0;
  if (open && requests.length === list.childElementCount) return;
  list.replaceChildren(...requests.toReversed().map(requestEntry));
  document.getElementById("no-requests").hidden = requests.length > 0;
}

function show(state) {
  showInbox(state.inbox);
  document.getElementById("accounts").replaceChildren(...state.accounts.map(accountCard));
  setText(document.getElementById("in-force"), state.faults.map(faultInForce).join("; ") || words.none);
  showRequests(state.requests);
}

function showConnection(connected) {
  const line = document.getElementById("connection");
  setText(line, connected ? words.connected : words.disconnected);
  line.classList.toggle("lost", !connected);
}

async function refresh() {
  try {
    const response = await fetch("/sim/state");
    const { now, ...state } = await response.json();
    const text = JSON.stringify(state);
    if (text !== shown.text) show(state);
    shown.text = text;
    showConnection(true);
  } catch {
    showConnection(false);
  }
}

async function poll() {
  await refresh();
  setTimeout(poll, POLL_MILLISECONDS);
}

async function change(method, rule) {
  try {
    await fetch("/sim/fault", {
      method,
      headers: { "Content-Type": "application/json" },
      body: rule && JSON.stringify(rule),
    });
  } finally {
    await refresh();
  }
}

function chosenRequests(form) {
  const { endpoint, times } = Object.fromEntries(new FormData(form));
  return { endpoint: endpoint || null, times: times ? Number(times) : null };
}

function connectFaults() {
  const form = document.getElementById("faults");
  for (const button of form.querySelectorAll("[data-fault]")) {
    button.textContent = words.faults[button.dataset.fault];
    button.addEventListener("click", () =>
      change("POST", { fault: button.dataset.fault, ...chosenRequests(form) }));
  }
  for (const button of form.querySelectorAll("[data-code]")) {
    button.textContent = `${button.dataset.code}: ${words.codes[button.dataset.code]}`;
    button.addEventListener("click", () =>
      change("POST", { answer: button.dataset.code, ...chosenRequests(form) }));
  }
  document.getElementById("clear").addEventListener("click", () => change("DELETE"));
}

function markLanguage() {
  document.querySelector(`nav [lang="${language}"]`).setAttribute("aria-current", "true");
}

connectFaults();
markLanguage();
poll();
