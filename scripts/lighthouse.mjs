// Measures the pages of the site at SITE_URL, which scripts/lighthouse starts.

import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const RUNS = Number(process.env.RUNS ?? 3);
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
/** Private pages are not measured for search engines. */
const PAGES = [
  { path: "/" },
  { path: "/sign-in" },
  { path: "/account/sessions", isPrivate: true },
];
const METRICS = [
  "first-contentful-paint",
  "largest-contentful-paint",
  "total-blocking-time",
  "cumulative-layout-shift",
  "speed-index",
  "total-byte-weight",
];

const site = process.env.SITE_URL;
const modules = resolve(process.argv[2]);
const load = (path) => import(pathToFileURL(join(modules, path)).href);
const { default: lighthouse } = await load("lighthouse/core/index.js");
const { computeMedianRun } = await load("lighthouse/core/lib/median-run.js");
const { launch } = await load("chrome-launcher/dist/index.js");

const cookie = await signUp();
const chrome = await launch({
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let isPerfect = true;
try {
  for (const { path, isPrivate } of PAGES) {
    const results = [];
    for (let run = 0; run < RUNS; run++) results.push(await measure(path, isPrivate));
    report(path, results.length > 1 ? computeMedianRun(results) : results[0]);
  }
} finally {
  chrome.kill();
}
if (!isPerfect) {
  console.error("Some scores are below 100.");
  process.exitCode = 1;
}

/** Creates an account and returns its session cookie. */
async function signUp() {
  const response = await fetch(`${site}/api/sign_up`, {
    method: "POST",
    body: new URLSearchParams({ name: "Ada Lovelace", email: "ada@example.com", password: "correct horse battery" }),
  });
  if (!response.ok) throw new Error(`signing up: ${response.status} ${await response.text()}`);
  return response.headers.getSetCookie().map((header) => header.split(";")[0]).join("; ");
}

/** Tries again when Chromium records nothing, which happens now and then. */
async function measure(path, isPrivate, tries = 3) {
  const { lhr } = await lighthouse(site + path, {
    port: chrome.port,
    logLevel: "error",
    onlyCategories: CATEGORIES.filter((category) => !(isPrivate && category === "seo")),
    extraHeaders: isPrivate ? { Cookie: cookie } : {},
  });
  if (lhr.runtimeError?.code === "NO_NAVSTART" && tries > 1) return measure(path, isPrivate, tries - 1);
  if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
  if (new URL(lhr.finalDisplayedUrl).pathname !== path) throw new Error(`${path} redirected to ${lhr.finalDisplayedUrl}`);
  return lhr;
}

function report(path, result) {
  const percent = (score) => Math.round((score ?? 0) * 100);
  const categories = Object.values(result.categories);
  console.log(`\n${path}`);
  console.log("  " + categories.map(({ title, score }) => `${title} ${percent(score)}`).join(", "));
  console.log("  " + METRICS.map((id) => `${result.audits[id].title} ${result.audits[id].displayValue}`).join(", "));
  for (const { title, score, auditRefs } of categories) {
    if (percent(score) === 100) continue;
    isPerfect = false;
    const failed = auditRefs.filter(({ id, weight }) => weight > 0 && (result.audits[id].score ?? 1) < 0.9);
    for (const { id } of failed) console.log(`  ${title}: ${result.audits[id].title} (${id})`);
  }
}
