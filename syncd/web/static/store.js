// What is known of the projects and the servers, from the events; who draws it is told once a frame.

/** Make a store. `onChange` gets the set of changed project ids; `onServers` the servers. */
export function makeStore({ onChange, onServers }) {
  const projects = new Map();
  let servers = null;
  let fresh = null;  // what a resync has named so far
  let isComplete = false;
  let changed = new Set();
  let isWaiting = false;

  const tell = (id) => {
    changed.add(id);
    if (isWaiting) return;
    isWaiting = true;
    // A hidden page draws no frames: it must not keep every id of a night.
    const later = document.hidden ? (done) => setTimeout(done, 1000) : requestAnimationFrame;
    later(() => {
      isWaiting = false;
      const told = changed;
      changed = new Set();
      onChange(told);
    });
  };

  const take = {
    resync() { fresh = new Set(); },
    synced() {
      for (const id of projects.keys()) if (!fresh.has(id)) projects.delete(id);
      isComplete = true;
      tell("");
    },
    servers(body) { servers = body; onServers(servers); },
    project(body) { projects.set(body.id, body); fresh?.add(body.id); tell(body.id); },
    removed(body) { projects.delete(body.id); tell(body.id); },
    lock: merge,
    sync: merge,
  };

  function merge(body) {
    const known = projects.get(body.id);
    if (known === undefined) return;
    projects.set(body.id, { ...known, ...body });
    tell(body.id);
  }

  return {
    projects,
    isComplete: () => isComplete,
    find: (name) => [...projects.values()].find((project) => project.name === name),
    /** Take one event; a kind that is newer than this page is left out. */
    take(kind, body) { take[kind]?.(body); },
  };
}
