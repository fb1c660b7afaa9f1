let isStarted = false;
async function start() {
  if (isStarted) return;
  isStarted = true;
  const wasm = fetch("WASM_URL");
  const { default: load, hydrate } = await import("SCRIPT_URL");
  await load({ module_or_path: wasm });
  // In its own task, so that a waiting click is handled first.
  setTimeout(hydrate);
}
// After the first paint. A hidden page has none, hence the timeout.
new PerformanceObserver(start).observe({ type: "paint", buffered: true });
setTimeout(start, 500);
