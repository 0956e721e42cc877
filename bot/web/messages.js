/*
 * Drawing one message: bubble, links, choices. Text enters only as text (never as HTML), links only
 * as web addresses. Holds no state of the conversation.
 */

const QUIET_GAP = 10 * 60 * 1000; // ms between messages that earn a line with the time
const MASK = "●●●●●●";
const LONG_LIST = 9; // more answered choices than this would push the conversation apart

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/**
 * The node of a row {id, from, text, masked, choices, links, at, starters}; its choices, if any, are
 * kept as `row.chips`. `before` is the row above, `asked` the row with the question this row may answer.
 */
export function buildMessage(row, before, asked) {
  const mine = row.from === "person";
  const node = element("div", `row ${row.from}`);
  if (row.id) node.dataset.id = row.id;
  if (row.at && !(before?.at && row.at - before.at < QUIET_GAP)) node.append(timeLine(row.at));
  node.append(element("span", "visually-hidden", mine ? "我：" : "见习通："));
  if (row.masked) node.append(maskedBubble());
  else if (row.text) node.append(element("p", `bubble ${row.from}`, mine ? answerText(row.text, asked) : row.text));
  if (row.links?.length) node.append(buildLinks(row.links));
  if (row.choices?.length) {
    row.chips = buildChips(row.choices, row.starters);
    node.append(row.chips);
  }
  return node;
}

function maskedBubble() {
  const bubble = element("p", "bubble person masked");
  const dots = element("span", "", MASK);
  dots.setAttribute("aria-hidden", "true");
  bubble.append(dots, element("span", "visually-hidden", "已填写，内容不显示"));
  return bubble;
}

/** "1 3" as the labels behind the numbers, when all of it is choices of the question asked. */
function answerText(text, asked) {
  const label = (value) => asked?.choices.find((choice) => choice.value === value)?.label;
  const labels = text.split(" ").map(label);
  return labels.every(Boolean) ? labels.join("、") : text;
}

function timeLine(at) {
  const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
  const today = at.toDateString() === new Date().toDateString();
  const format = today ? clock : { month: "long", day: "numeric", ...clock };
  const line = element("time", "", at.toLocaleString("zh-CN", format));
  line.dateTime = at.toISOString();
  return line;
}

/** Only web addresses and paths of this site; anything else (javascript:, data:) is dropped. */
function safeAddress(url) {
  try {
    const address = new URL(url, window.location.origin);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

function buildLinks(links) {
  const box = element("div", "links");
  for (const { label, url } of links) {
    const href = safeAddress(url);
    if (!href) continue;
    const link = element("a", "", label);
    Object.assign(link, { href, target: "_blank", rel: "noopener noreferrer" });
    link.append(element("span", "visually-hidden", "（在新窗口打开）"));
    box.append(link);
  }
  return box;
}

function buildChips(choices, starters) {
  const chips = element("fieldset", starters ? "choices starters" : "choices");
  chips.append(element("legend", "visually-hidden", "可以直接点选"));
  for (const { value, label, exclusive } of choices) {
    const chip = element("button", "chip");
    chip.type = "button";
    chip.dataset.value = value;
    if (exclusive) chip.dataset.exclusive = "";
    // The number stays visible, for those who type or say it; not twice when the label has it.
    if (/^\d{1,3}$/.test(value) && !label.startsWith(value)) chip.append(element("span", "number", value), " ");
    chip.append(label);
    chips.append(chip);
  }
  return chips;
}

/** Sets how choices stand: open to one press, open as toggles with “选好了” (many), or past. */
export function setChips(chips, { past, many, blocked }) {
  const ready = chips.querySelector(".ready");
  chips.classList.toggle("past", past);
  chips.disabled = past || blocked;
  chips.hidden = past && chips.querySelectorAll("[data-value]").length > LONG_LIST;
  if (past) {
    ready?.remove(); // toggles keep their ticks, to read back
  } else if (Boolean(ready) !== many) {
    ready?.remove();
    for (const chip of chips.querySelectorAll(".chip")) {
      if (many) chip.setAttribute("aria-pressed", "false");
      else chip.removeAttribute("aria-pressed");
    }
    if (many) {
      chips.append(element("button", "chip ready"));
      chips.lastChild.type = "button";
      countPicked(chips);
    }
  }
}

/** What pressing this chip answers: its value, all picked values, or null while still picking. */
export function pressChip(chips, chip) {
  if (chip.classList.contains("ready")) return picked(chips).join(" ");
  if (!chip.hasAttribute("aria-pressed")) return chip.dataset.value;
  const pressed = chip.getAttribute("aria-pressed") !== "true";
  if (pressed) {
    const alone = "exclusive" in chip.dataset; // "none of these" lets go of the others, and the reverse
    for (const other of pickedChips(chips)) {
      if (alone || "exclusive" in other.dataset) other.setAttribute("aria-pressed", "false");
    }
  }
  chip.setAttribute("aria-pressed", String(pressed));
  countPicked(chips);
  chip.scrollIntoView({ block: "nearest" }); // “选好了” may have come to stand over it
  return null;
}

const pickedChips = (chips) => [...chips.querySelectorAll('[aria-pressed="true"]')];
const picked = (chips) => pickedChips(chips).map((chip) => chip.dataset.value);

function countPicked(chips) {
  const count = pickedChips(chips).length;
  const ready = chips.querySelector(".ready");
  ready.disabled = count === 0;
  ready.textContent = count ? `选好了（${count}）` : "选好了";
}
