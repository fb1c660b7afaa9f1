let isStarted = false;
async function start() {
  if (isStarted) return;
  isStarted = true;
  const wasm = fetch("WASM_URL");
  const { default: load, hydrate } = await import("SCRIPT_URL");
  await load({ module_or_path: wasm });
  // On its own, so that a click that came meanwhile goes first.
  setTimeout(hydrate);
}
// After the first picture; a page that nobody looks at has none.
new PerformanceObserver(start).observe({ type: "paint", buffered: true });
setTimeout(start, 500);
