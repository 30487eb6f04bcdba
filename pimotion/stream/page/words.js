// Small things that all of the page uses: the server's JSON, and words for people. Everything that
// comes from the server is shown as text, never as HTML, and every address is relative, so that the
// page works behind any path of a reverse proxy.

export const HERE = location.origin + location.pathname; // without a login that stands in the address

// The browser asks for it when the page is loaded; a login that was right before is not any more.
export class LoginNeeded extends Error {}

// The server answers, but not with what was asked for.
export class Refusal extends Error {}

const ANSWER_MS = 10_000; // a busy Pi takes one second or two; a browser by itself waits minutes

export async function json(url) {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(new URL(url, HERE), { cache: "no-store", signal });
  if (answer.status === 401) throw new LoginNeeded();
  if (!answer.ok) throw new Refusal(`the server answers ${answer.status}`);
  return answer.json();
}

// Ask for a change of a camera. Resolves to what will be set as `requested`, or to a `refusal`.
export async function ask(camera, setting, body) {
  const answer = await fetch(new URL(`api/cameras/${camera}/${setting}`, HERE), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (answer?.ok) return answer.json();
  return { refusal: answer ? (await answer.text()).trim() : "No contact with pimotion." };
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

export function wordsOf(id) {
  const words = id.replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function momentOf(iso) {
  const moment = new Date(iso);
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (moment.toDateString() === new Date().toDateString()) return time;
  return `${moment.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })}, ${time}`;
}

export async function copy(button) {
  const field = button.previousElementSibling;
  field.select();
  // The clipboard's own interface exists on https and localhost only.
  const done = navigator.clipboard
    ? await navigator.clipboard.writeText(field.value).then(() => true, () => false)
    : document.execCommand("copy");
  setText(button, done ? "Copied" : "Press Ctrl+C");
  setTimeout(() => setText(button, "Copy"), 2000);
}
