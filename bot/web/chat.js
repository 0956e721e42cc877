/*
 * The web chat of 见习通: shows the conversation, sends what the person says, receives what is pushed.
 * One message is under way at a time; it keeps its message_id until the server has answered, so a
 * resend after a lost connection can never count twice. Nothing is stored in the browser: the
 * conversation is an HttpOnly cookie, and answers to sensitive questions are masked once sent.
 */

import { buildMessage, pressChip, setChips } from "./messages.js";
import { listen, pause, persist, request, uniqueId } from "./requests.js";

const PAGE = 50; // messages of history asked for at once
const LIMIT = 4000; // characters the server takes
const COUNT_FROM = 3600; // characters from which the rest is counted
const GREETING = {
  from: "service",
  text: "您好，我是见习通，帮您报名广东的就业见习，也能回答政策问题。\n报名大约 5 分钟，可以随时停下，改天接着填。",
  choices: ["我要报名", "先问问政策"].map((text) => ({ value: text, label: text })),
  starters: true,
  order: 0,
};
const NAMED = { position: "岗位", event: "活动" };
/** What a link of ours names (`/?scene=position_12`), in the words that open it: 岗位12. */
const named = (new URLSearchParams(window.location.search).get("scene") ?? "")
  .replace(/^(position|event)_(\d{1,9})$|.*/s, (_, what, number) => (what ? NAMED[what] + number : ""));
if (named) GREETING.choices.unshift({ value: named, label: `看${named}` });
const PLACEHOLDERS = { numeric: "输入数字", tel: "输入电话号码", date: "输入日期，如 2023.6.30" };
// No keyboard is called "date"; the decimal one has the digits and the dot that a date needs.
const KEYBOARDS = { numeric: "numeric", tel: "tel", date: "decimal" };

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((node) => [node.id, node]));
const quickWords = [...page.words.children].map((button) => button.dataset.word);

/* Rows shown, oldest first: {id, order, from, text, masked, choices, links, dialog, step, at, node,
 * chips}. `order` is the id; in a turn just answered it is the turn's event_id until the row's own id
 * arrives. `dialog` and `step` name the question that a row asks, or that its choice was pressed for. */
let rows = [];
let question = { many: false, sensitive: false }; // what the open question expects
let sending = false; // a turn is under way
let resting = false; // the server asked us to wait
let turns = 0; // beginnings and ends of turns: tells whether a state that arrives is still the newest
let held = []; // messages pushed while a turn is under way, shown after its answer
let unsent = null; // {text, place, id} of a message that may or may not have reached the server
let stream = null;
let atEnd = true; // the newest message is in view, and is to stay there

/** Characters as the server counts them: a rare Chinese character is one, not two. */
const length = (text) => [...text].length;

const patiently = (action) => persist(action, connectionLost, connectionBack);

/* ---- lines above the input ---- */

let connectionTimer = 0;

function connectionLost(delay = 0) {
  clearTimeout(connectionTimer);
  connectionTimer = setTimeout(() => { page.connection.textContent = "正在重新连接…"; }, delay);
}

function connectionBack() {
  clearTimeout(connectionTimer);
  if (!page.connection.textContent) return;
  page.connection.textContent = "已重新连接";
  connectionTimer = setTimeout(() => { page.connection.textContent = ""; }, 2000);
}

function showNotice(text, label = "", action = null) {
  page["notice-text"].textContent = text;
  page.notice.classList.toggle("shown", Boolean(text));
  page["notice-action"].hidden = !action;
  page["notice-action"].textContent = label;
  page["notice-action"].onclick = action;
}

function showRefusal(refusal) {
  if (refusal.status === 401) {
    showNotice("这次对话已经失效，请重新开始。已提交的登记还在。", "重新开始", startAnew);
  } else if (refusal.status === 429) {
    const seconds = Math.min(refusal.retryAfter, 120);
    showNotice(`${refusal.message}（${seconds} 秒后可以再发）`);
    resting = true;
    setTimeout(() => { resting = false; showNotice(""); refreshControls(); }, seconds * 1000);
  } else {
    showNotice(refusal.message);
  }
}

/* ---- the log ---- */

/** The last choices offered before row `end` that nobody has answered yet. */
function openQuestion(end = rows.length) {
  for (let i = end - 1; i >= 0 && rows[i].from === "service"; i -= 1) if (rows[i].choices?.length) return rows[i];
  return null;
}

const samePlace = (one, other) => one?.dialog === other?.dialog && one?.step === other?.step;

/** The row whose question `row`, to stand at `end`, may answer: by a pressed choice, or by words. */
function askedFor(row, end) {
  if (!row.step) return openQuestion(end);
  return rows.slice(0, end).reverse().find((one) => one.choices?.length && samePlace(one, row));
}

/** Puts a row where its order says, in the list and on the page. */
function placeRow(row) {
  let index = rows.length;
  while (index > 0 && rows[index - 1].order > row.order) index -= 1;
  row.node = buildMessage(row, rows[index - 1], askedFor(row, index));
  page.log.insertBefore(row.node, rows[index]?.node ?? null);
  rows.splice(index, 0, row);
  return row;
}

/** Shows the messages not shown yet; a row of our own turn only learns its id. Returns the new rows. */
function reconcile(messages) {
  const added = [];
  for (const message of messages) {
    if (rows.some((row) => row.id === message.id)) continue;
    const text = (message.text || "").trim();
    const masked = message.from === "person" && /^●*$/.test(text); // the server keeps no sensitive answer
    const own = rows.find((row) => row.order >= message.id && !row.id && row.from === message.from
      && (masked || row.masked || row.text.trim() === text));
    if (own) {
      own.id = own.order = message.id;
      own.node.dataset.id = message.id;
    } else {
      const at = message.at ? new Date(message.at) : null;
      added.push(placeRow({ ...message, masked, at, order: message.id }));
    }
  }
  return added;
}

/** Messages from outside our own turn: a push, another tab, history fetched again. */
function receive(messages) {
  if (sending) {
    held.push(...messages);
    return;
  }
  const follow = atEnd;
  const added = reconcile(messages);
  if (!added.length) return;
  refreshControls();
  for (const row of added) row.node.classList.add("fresh");
  if (follow) scrollTo(added[0]);
  else page.jump.hidden = false;
  scheduleCatchUp(); // a message does not say what the question now expects (masking, progress): ask
}

/** To the end, but never past the top of the first new row: a long answer is read from its start. */
function scrollTo(row) {
  const end = page.scroller.scrollHeight - page.scroller.clientHeight;
  page.scroller.scrollTop = row ? Math.min(row.node.offsetTop - 12, end) : end;
}

function jumpTo(top) {
  page.scroller.scrollTo({ top, behavior: "instant" });
}

/* ---- choices and composer ---- */

/** Only the open question may be answered by pressing, and nothing while a turn is under way. */
function refreshControls() {
  const blocked = sending || resting;
  const open = openQuestion();
  for (const row of rows) {
    if (row.chips) setChips(row.chips, { past: row !== open, many: question.many && !row.starters, blocked });
  }
  for (const button of page.words.children) button.disabled = blocked;
  page.send.disabled = blocked || length(page.text.value.trim()) > LIMIT;
  page.typing.hidden = !sending;
}

function applyState({ many = false, sensitive = false, input = "text", progress = null }) {
  question = { many, sensitive };
  page.text.inputMode = KEYBOARDS[input] ?? "text";
  page.text.placeholder = PLACEHOLDERS[input] ?? "在这里输入";
  page.text.spellcheck = !sensitive;
  page.progress.hidden = !progress;
  if (progress) {
    page["progress-text"].textContent = `${progress.done}/${progress.total}`;
    page["progress-bar"].max = progress.total;
    page["progress-bar"].value = progress.done;
  }
  refreshControls();
}

/** Grows the box with its text and counts when the limit is near. */
function refreshComposer() {
  page.text.style.height = "auto";
  page.text.style.height = `${page.text.scrollHeight + 3}px`; // 3: the two borders
  const used = length(page.text.value.trim());
  page.counter.classList.toggle("over", used > LIMIT);
  if (used > LIMIT) page.counter.textContent = `超出 ${used - LIMIT} 字，请删短一些再发`;
  else page.counter.textContent = used >= COUNT_FROM ? `还可以输入 ${LIMIT - used} 字` : "";
  refreshControls();
}

/** Gives the keyboard a place to go on after a turn, without opening a phone's on-screen keyboard. */
function settleFocus(keyboard) {
  const active = document.activeElement;
  if (active && active !== document.body && !active.matches(":disabled")) return;
  const chip = keyboard && page.log.querySelector(".choices:enabled .chip");
  if (chip) chip.focus();
  else if (keyboard || window.matchMedia("(pointer: fine)").matches) page.text.focus();
}

/* ---- one turn ---- */

/** `place` {dialog, step}: of the question whose choice was pressed; should it be past, the server says so. */
async function send(text, { typed = false, keyboard = false, place = null } = {}) {
  if (sending || resting || !text || length(text) > LIMIT) return;
  const row = beginTurn(text, typed, place);
  const body = { text, message_id: unsent.id, ...unsent.place };
  try {
    showAnswer(row, await patiently(() => request("/messages", body)));
  } catch (refusal) {
    takeBack(row, text, typed, refusal);
  }
  turns += 1;
  receive(held.splice(0));
  refreshComposer();
  settleFocus(keyboard);
}

function beginTurn(text, typed, place) {
  sending = true;
  turns += 1;
  // The same words after a failure are the same message: the server may already have taken it.
  const same = unsent?.text === text && (!place || samePlace(unsent.place, place));
  if (!same) unsent = { text, place, id: uniqueId() };
  const masked = question.sensitive && !quickWords.includes(text);
  const row = placeRow({
    from: "person", text: masked ? "" : text, masked, ...unsent.place, order: Infinity, at: new Date(),
  });
  showNotice("");
  if (typed) page.text.value = "";
  refreshComposer();
  scrollTo();
  return row;
}

function showAnswer(row, answer) {
  sending = false;
  unsent = null;
  row.order = answer.event_id;
  for (const reply of answer.replies) {
    const { dialog, step, event_id: order } = answer;
    placeRow({ ...reply, from: "service", dialog, step, order, at: new Date() }).node.classList.add("fresh");
  }
  applyState(answer);
  scrollTo(row);
  openStream();
}

/** A refused message was not said: its bubble goes, and typed words return to the box. */
function takeBack(row, text, typed, refusal) {
  sending = false;
  rows = rows.filter((one) => one !== row);
  row.node.remove();
  if (typed) page.text.value = page.text.value ? `${text}\n${page.text.value}` : text;
  if (refusal.status < 500 && refusal.status !== 429) unsent = null; // surely not taken: next time a new id
  showRefusal(refusal);
}

/* ---- history and pushes ---- */

let catchUpTimer = 0;

function scheduleCatchUp() {
  clearTimeout(catchUpTimer);
  catchUpTimer = setTimeout(() => catchUp().catch(() => {}), 200); // if it fails, the stream will reopen and ask
}

/** Fetches the newest messages and what the open question expects. */
async function catchUp() {
  const seen = turns;
  const data = await request(`/messages?limit=${PAGE}`);
  receive(data.messages);
  clearTimeout(catchUpTimer); // what receive() would ask for is here already
  if (turns === seen) applyState(data);
}

/** Shows a page of history: the newest, or the one before the oldest message shown. */
async function load(before = null) {
  const seen = turns;
  page.earlier.disabled = true;
  page.log.setAttribute("aria-busy", "true"); // history is not news to read out
  try {
    const data = await patiently(() => request(`/messages?limit=${PAGE}${before ? `&before=${before}` : ""}`));
    const fromEnd = page.scroller.scrollHeight - page.scroller.scrollTop;
    if (!data.messages.length && !rows.length) placeRow({ ...GREETING });
    else if (named && !before && !page.text.value) page.text.value = named; // one tap on 发送 opens it
    reconcile(data.messages);
    if (turns === seen && !before) applyState(data);
    else refreshControls();
    page.earlier.hidden = data.messages.length < PAGE;
    jumpTo(page.scroller.scrollHeight - (before ? fromEnd : 0));
    if (data.messages.length) openStream();
  } catch (refusal) {
    if (refusal.status === 401) showRefusal(refusal);
    else showNotice(refusal.message, "再试一次", () => { showNotice(""); load(before); });
  }
  page.log.setAttribute("aria-busy", "false");
  page.earlier.disabled = false;
}

function startAnew() {
  stream?.close();
  stream = null;
  rows = [];
  page.log.replaceChildren();
  showNotice("");
  load();
}

/** Listens for pushes. Only with a conversation: a new visitor has none until the first answer. */
function openStream() {
  if (stream) return;
  const opened = listen({
    onMessage: (message) => receive([message]),
    // What came between the history and the open stream, or was missed while away, is fetched.
    onOpen: () => { connectionBack(); scheduleCatchUp(); },
    onLost: () => connectionLost(2000), // streams are renewed all the time; only a longer gap is worth a word
    onGivenUp: () => reopen(opened),
  });
  stream = opened;
}

/** After an error status: ask first, which also tells whether the conversation still exists, then listen. */
async function reopen(closed) {
  await pause(3000 + Math.random() * 3000);
  if (stream !== closed) return;
  try {
    await patiently(catchUp);
  } catch (refusal) {
    showRefusal(refusal);
    if (refusal.status === 401) return;
  }
  stream = null;
  openStream();
}

/* ---- wiring ---- */

/** Keeps the input above the on-screen keyboard where the browser does not shrink the page itself. */
function fitViewport() {
  if (window.visualViewport.scale > 1.01) return; // pinch zoom is not a keyboard
  document.documentElement.style.setProperty("--viewport-height", `${window.visualViewport.height}px`);
  window.scrollTo(0, 0);
}

page.composer.addEventListener("submit", (event) => {
  event.preventDefault();
  send(page.text.value.trim(), { typed: true });
});
page.text.addEventListener("input", refreshComposer);
page.text.addEventListener("keydown", (event) => {
  // 229: Safari ends the composition before it reports the Enter that chose the word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  send(page.text.value.trim(), { typed: true });
});
page.send.addEventListener("mousedown", (event) => event.preventDefault()); // leaves the phone's keyboard open
page.log.addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  const answer = chip && pressChip(chip.parentElement, chip);
  if (!answer) return;
  const { dialog, step } = rows.find((row) => row.chips === chip.parentElement);
  send(answer, { keyboard: event.detail === 0, place: step ? { dialog, step } : null });
});
page.words.addEventListener("click", (event) => {
  const { word } = event.target.dataset;
  if (word) send(word, { keyboard: event.detail === 0 });
});
page.earlier.addEventListener("click", () => load(rows.find((row) => row.id).id));
page.jump.addEventListener("click", () => scrollTo());
page.scroller.addEventListener("scroll", () => {
  atEnd = page.scroller.scrollHeight - page.scroller.scrollTop - page.scroller.clientHeight < 80;
  if (atEnd) page.jump.hidden = true;
});
// The keyboard opens, a notice appears, the box grows: the newest message stays in view.
new ResizeObserver(() => { if (atEnd) jumpTo(page.scroller.scrollHeight); }).observe(page.scroller);
document.addEventListener("visibilitychange", () => { if (!document.hidden && stream) scheduleCatchUp(); });
window.visualViewport?.addEventListener("resize", fitViewport);

page.bottom.hidden = false; // hidden in the page itself, for those without JavaScript
load();
