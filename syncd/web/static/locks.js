// The lock of a project: who, since when, until when, why, and whether the holder was heard of.
import { el } from "./dom.js";
import { time } from "./times.js";

/** The lock in a few lines. */
export function lock(project) {
  const flags = (project.lockFlags ?? []).map((flag) => el("p", { class: "flag small" }, flag.message));
  if (!project.lockedBy) return [el("span", { class: "soft" }, "free"), ...flags];
  const isFreeze = project.lockKind === "freeze";
  return [
    el("div", { class: "holder", title: project.lockedBy }, isFreeze ? `frozen by ${project.lockedBy}` : project.lockedBy),
    project.lockReason ? el("div", { class: "reason" }, project.lockReason) : null,
    el("div", { class: "soft small facts" },
      project.lockedAt ? time(project.lockedAt, "since") : null,
      project.expiresAt ? time(project.expiresAt, "left") : isFreeze ? el("span", {}, "until it is lifted") : null,
      project.fence === null ? null : el("span", {}, `fence ${project.fence}`),
      project.heartbeatAt ? time(project.heartbeatAt, "heard") : null),
    ...flags,
  ];
}
