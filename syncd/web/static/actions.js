// What a person may do with a project. Each asks first, and says what it will do.
import { call } from "./api.js";
import { el, toast } from "./dom.js";

const AT = "at";
const SPANS = [["", "until it is lifted"], ["3600", "for an hour"], ["14400", "for 4 hours"], ["86400", "for a day"], ["604800", "for a week"], [AT, "until a time of your choice"]];

/** Make the buttons for what `session` may do. */
export function makeActions(session) {
  const may = (scope) => session.scopes.includes(scope);
  let project = null;
  const button = (label, ask, kind = "quiet") => el("button", { type: "button", class: kind, onclick: () => ask(project) }, label);
  const sync = button("Sync now", askToSync, "primary");
  const freeze = button("Freeze…", askToFreeze);
  const unfreeze = button("Unfreeze…", askToUnfreeze);
  const force = button("Force-release…", askToForce, "quiet danger");
  const node = el("div", { class: "actions", role: "group", "aria-label": "Actions" }, sync, freeze, unfreeze, force);
  return {
    node,
    update(shown) {
      const held = node.contains(document.activeElement) ? document.activeElement : null;
      project = shown;
      const isFrozen = shown?.condition === "frozen" && shown.lockKind === "freeze";
      const isHeld = Boolean(shown?.lockedBy) && !isFrozen && shown.fence !== null;
      sync.hidden = !shown || !may("docs:sync") || isFrozen;
      freeze.hidden = !shown || !may("locks:write") || isFrozen;
      unfreeze.hidden = !isFrozen || !may("locks:write") || !(may("admin") || shown.lockedBy === session.actor);
      force.hidden = !isHeld || !may("admin");
      if (held) focusOrNext(held);
    },
  };
}

/** Focus `button`, or what takes its place once it is hidden: who uses the keyboard is not thrown back to the top of the page. */
function focusOrNext(button) {
  (button.hidden ? button.parentNode.querySelector("button:not([hidden])") : button)?.focus();
}

function askToSync(project) {
  ask({
    title: `Sync ${project.name} now?`,
    effect: ["The source is looked at now, and what has changed is published. A sync that runs already goes on, and looks once more when it is done."],
    label: "Sync now",
    act: () => call("POST", `/api/v1/projects/${project.id}/sync`),
    done: `${project.name} is looked at now.`,
  });
}

function askToFreeze(project) {
  const at = el("input", { name: "at", type: "datetime-local", min: localTime(new Date()) });
  const atField = el("label", { class: "field" }, el("span", {}, "Until (your time)"), at);
  const span = el("select", { name: "span", onchange: chooseSpan }, SPANS.map(([value, label]) => el("option", { value }, label)));
  function chooseSpan() {
    atField.hidden = !(at.required = span.value === AT);
  }
  chooseSpan();
  ask({
    title: `Freeze ${project.name}?`,
    effect: [
      "Syncs stop. A sync that runs now cannot publish any more; one that is publishing at this moment ends first, and then the freeze holds.",
      `Agents go on reading revision r${project.revision}, and are told who froze it and why.`],
    fields: [reasonField("Shown to operators and agents"), el("label", { class: "field" }, el("span", {}, "How long"), span), atField],
    label: "Freeze",
    act: ({ reason, span: chosen, at: moment }) => call("PUT", `/api/v1/projects/${project.id}/lock`, { reason, until: findEnd(chosen, moment) }),
    done: `${project.name} is frozen.`,
  });
}

/** When a freeze ends: after a span of seconds, at a moment of this browser's clock, or when it is lifted. */
function findEnd(chosen, moment) {
  if (chosen === "") return null;
  return (chosen === AT ? new Date(moment) : new Date(Date.now() + Number(chosen) * 1000)).toISOString();
}

/** A moment as a field for date and time has it. */
function localTime(moment) {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function askToUnfreeze(project) {
  ask({
    title: `Unfreeze ${project.name}?`,
    effect: [`The freeze by ${project.lockedBy} ends (${project.lockReason}). The source is looked at at once, and syncs go on.`],
    label: "Unfreeze",
    act: () => call("DELETE", `/api/v1/projects/${project.id}/lock`),
    done: `${project.name} syncs again.`,
  });
}

function askToForce(project) {
  const { lockedBy, fence } = project;
  ask({
    title: `Release the lock of ${project.name} by force?`,
    effect: [
      `The lease of ${lockedBy} (fence ${fence}) ends. It loses what it has not published; what is published stays as it is. Another sync begins at once.`,
      "Do it when the holder hangs: a holder that died loses its lease by itself. If somebody else holds the lock by then, nothing happens."],
    fields: [reasonField("Kept in the lock's history")],
    label: "Force-release",
    kind: "primary danger",
    act: ({ reason }) => call("POST", `/api/v1/projects/${project.id}/lock/force`, { reason, expectedFence: fence }),
    done: `The lock of ${project.name} was released.`,
  });
}

function reasonField(hint) {
  return el("label", { class: "field" }, el("span", {}, "Reason"), el("input", { name: "reason", required: true, maxlength: "500", autocomplete: "off", placeholder: hint }));
}

function ask({ title, effect, fields = [], label, kind = "primary", act, done }) {
  const problem = el("p", { class: "problem", role: "alert" });
  const confirm = el("button", { type: "submit", class: kind }, label);
  const form = el("form", { method: "dialog" },
    el("h2", { id: "dialog-title" }, title),
    el("div", { id: "dialog-effect" }, effect.map((text) => el("p", {}, text))),
    fields, problem,
    el("div", { class: "buttons" }, el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"), confirm));
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", "aria-describedby": "dialog-effect" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    problem.textContent = "";
    try {
      await act(Object.fromEntries(new FormData(form)));
      dialog.close();
      toast(done);
    } catch (refused) {
      problem.textContent = `${refused.message} ${refused.hint ?? ""}`;
    } finally {
      confirm.disabled = false;
    }
  });
  const opener = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    focusOrNext(opener);
  });
  document.body.append(dialog);
  dialog.showModal();
}
