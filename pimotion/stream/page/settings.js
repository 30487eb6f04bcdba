// The fold with a camera's settings: what they are, which of them differ from the configuration,
// and for admins the means to change them and the YAML that would make them the configuration's.

import { ask, setText } from "./words.js";

const EDIT_MS = 30_000; // what somebody is typing is left alone
const HOLD_MS = 3000; // a wish is shown this long, if the camera has not said by then that it is so
const UNITS = { min_area_percent: " %", event_gap_s: " s" };

export class Settings {
  constructor(root, camera) {
    this.root = root;
    this.camera = camera;
    const items = [...root.querySelectorAll("[data-setting]")];
    this.knobs = items.map((item) => new Knob(item, (name, body) => this.ask(name, body)));
    for (const button of root.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => this.press(button));
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  show(camera, admin) {
    this.root.hidden = Object.keys(camera.settings).length === 0;
    for (const knob of this.knobs) knob.show(camera.settings[knob.name], admin);
    const changed = Object.values(camera.settings).filter((setting) => setting.changed).length;
    setText(this.find(".changes"), `${changed} changed`);
    this.find(".changes").hidden = changed === 0;
    this.find(".actions").hidden = !admin;
    const isClosed = camera.settings.privacy?.value === true; // said before its status follows
    this.find("[data-action=snapshot]").disabled = isClosed || camera.status !== "online";
    this.showYaml(admin ? camera.yaml : null);
  }

  showYaml(yaml) {
    const field = this.find(".yaml");
    this.find(".paste").hidden = yaml === null;
    if (yaml === null || field.value === yaml) return;
    field.value = yaml;
    field.rows = yaml.trimEnd().split("\n").length;
  }

  // Resolves to what will be set, undefined if it was refused.
  async ask(name, body) {
    const { requested, refusal } = await ask(this.camera, name, body);
    setText(this.find(".refusal"), refusal ?? "");
    this.find(".refusal").hidden = refusal === undefined;
    return requested;
  }

  async press(button) {
    if ((await this.ask(button.dataset.action, { value: true })) === undefined) return;
    const label = (button.dataset.label ??= button.textContent);
    setText(button, button.dataset.done);
    setTimeout(() => setText(button, label), 2000);
  }
}

// One setting: a switch, a slider, a number, or nothing but its value.
class Knob {
  constructor(item, ask) {
    this.item = item;
    this.name = item.dataset.setting;
    this.ask = ask;
    this.field = item.querySelector("input");
    this.wanted = null; // null while nobody has said yet
    this.heldUntil = 0;
    this.field?.addEventListener("input", () => this.edit());
    this.field?.addEventListener("change", () => this.send({ value: this.value }));
    item.querySelector(".reset").addEventListener("click", () => this.send({ reset: true }));
  }

  get isSwitch() {
    return this.field?.type === "checkbox";
  }

  get value() {
    return this.isSwitch ? this.field.checked : this.field.valueAsNumber;
  }

  set value(value) {
    if (!this.field || this.value === value) return; // what is typed as 0.10 stays so
    if (this.isSwitch) this.field.checked = value;
    else this.field.value = value;
  }

  show(setting, admin) {
    const isForNothing = !this.field && !setting?.changed;
    this.item.hidden = setting === undefined || isForNothing;
    if (this.item.hidden) return;
    const isSettled = Date.now() > this.heldUntil || setting.value === this.wanted;
    if (isSettled) this.heldUntil = 0;
    if (isSettled) this.value = setting.value;
    this.item.classList.toggle("is-changed", setting.changed);
    this.item.classList.toggle("is-locked", !admin || !this.field);
    setText(this.item.querySelector("output"), this.words(isSettled ? setting.value : this.value));
    setText(this.item.querySelector(".from"), `Changed from ${this.words(setting.configured)}`);
    this.item.querySelector(".reset").hidden = !admin;
  }

  edit() {
    this.wanted = null;
    this.heldUntil = Date.now() + EDIT_MS;
    setText(this.item.querySelector("output"), this.words(this.value));
  }

  async send(body) {
    this.heldUntil = Date.now() + HOLD_MS;
    const requested = await this.ask(this.name, body);
    this.wanted = requested ?? null;
    if (requested === undefined) this.heldUntil = 0;
    else this.value = requested;
  }

  words(value) {
    if (typeof value === "boolean") return value ? "on" : "off";
    return `${value}${UNITS[this.name] ?? ""}`;
  }
}
