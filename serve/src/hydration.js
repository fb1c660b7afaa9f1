let isStarted = false;
async function start() {
  if (isStarted) return;
  isStarted = true;
  const [wasm, { default: load, hydrate }] = await Promise.all([fetch("WASM_URL"), import("SCRIPT_URL")]);
  await load({ module_or_path: wasm });
  // In its own task, so that a waiting click is handled first.
  await new Promise((resolve) => setTimeout(resolve));
  hydrate();
}
// The page works without its program. Whoever listens to the window's errors hears why there is none. Firefox
// fails what a page still loads when it is left; that page is gone before it could report this.
const begin = () => start().catch((error) => setTimeout(reportError, 1000, error));
// After the first paint. A hidden page has none, and not every browser tells of it, hence the timeout.
setTimeout(begin, 500);
globalThis.PerformanceObserver && new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
