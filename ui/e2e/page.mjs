// Uses the page as a person does, in a real browser: node e2e/page.mjs URL USER PASSWORD
//
// What a person would do elsewhere, as committing or applying an Application, is asked of whoever started this script: it
// prints `please: WORDS` and goes on with the next line of its input. With ARGOSY_SCREENSHOTS=FOLDER it takes pictures.
// The story that starts it is tests/tests/page.rs.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [url, user, password] = process.argv.slice(2);
const screenshots = process.env.ARGOSY_SCREENSHOTS;
const PATIENCE_MS = 60_000;
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function please(words) {
  console.log(`please: ${words}`);
  const answer = await lines.next();
  assert(!answer.done, `nobody answered to: ${words}`);
}

function step(words) {
  console.log(`step: ${words}`);
}

const profile = mkdtempSync(join(tmpdir(), "argosy-page-"));
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
assert(executablePath, "no Chromium is installed");
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: FLAGS,
  colorScheme: process.env.ARGOSY_SCHEME === "dark" ? "dark" : "light",
  viewport: { width: 1280, height: 620 },
});
try {
  browser.setDefaultTimeout(PATIENCE_MS);
  const page = browser.pages()[0] ?? (await browser.newPage());
  const failures = [];
  page.on("pageerror", (error) => failures.push(error.message));
  await story(page);
  assert.deepEqual(failures, [], "the page's own errors");
  console.log("done");
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(0);

async function story(page) {
  const row = (name) => page.locator(`tr[data-application="${name}"]`);
  const node = (kind) => page.locator(`.node[data-kind="${kind}"]`);
  const tab = (name) => page.getByRole("tab", { name });
  const header = page.locator("section > .tools").first();

  step("a wrong password is refused with a reason");
  await page.goto(`${url}/applications`);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(`${password}x`);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "Invalid username or password" }).waitFor();

  step("the right one leads to the list");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Applications" }).waitFor();
  await page.locator(".state-live").waitFor();
  assert.equal(await row("web").count(), 0);

  step("an application appears and becomes Synced and Healthy without a reload");
  await page.evaluate(() => (document.body.dataset.sameDocument = "yes"));
  await please("apply the applications");
  await row("web").locator(".sync-Synced").waitFor();
  await row("web").locator(".health-Healthy").waitFor();
  await row("shop").locator(".health-Healthy").waitFor();
  assert.equal(await page.evaluate(() => document.body.dataset.sameDocument), "yes");

  step("filters show what they say");
  await page.getByLabel("Search").fill("we");
  await row("shop").waitFor({ state: "detached" });
  assert.equal(await page.getByTestId("count").innerText(), `1 of ${await total(page)}`);
  await page.getByLabel("Search").fill("");
  await row("shop").waitFor();

  step("drift is seen in the list at once");
  await please("change the map of shop by hand");
  await row("shop").locator(".sync-OutOfSync").waitFor();
  await picture(page, "applications");

  step("the tree shows all objects with health and sync");
  await row("web").getByRole("link", { name: "web" }).click();
  await node("Deployment").locator(".sync-Synced").waitFor();
  await node("Deployment").locator(".health-Healthy").waitFor();
  await node("ReplicaSet").locator(".health-Healthy").waitFor();
  await node("Pod").first().locator(".health-Healthy").waitFor();
  assert.equal(await node("Pod").count(), 2);
  await picture(page, "application");

  step("an object can be looked at");
  await node("Deployment").click();
  await page.locator(".panel").getByText("kind: Deployment").waitFor();
  assert.equal(await page.locator(".panel").getByText("managedFields").count(), 0);
  await picture(page, "object");
  await page.keyboard.press("Escape");
  await page.locator(".panel").waitFor({ state: "detached" });

  step("the tree grows while it is looked at");
  await please("scale web to three");
  await page.waitForFunction(() => document.querySelectorAll('.node[data-kind="Pod"]').length === 3);

  step("drift is shown line by line");
  await tab("Diff (1)").click();
  const difference = page.locator('details[data-kind="Deployment"][data-name="web"]');
  await difference.getByText("replicas: 3").waitFor();
  await difference.getByText("replicas: 2").waitFor();
  await picture(page, "difference");

  step("a refresh keeps it");
  await page.getByRole("button", { name: "Refresh", exact: true }).click();
  await page.getByRole("button", { name: "Refresh", exact: true }).and(page.locator(":enabled")).waitFor();
  await header.locator(".sync-OutOfSync").waitFor();

  step("a sync undoes it");
  await page.getByRole("button", { name: "Sync", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Prune").check();
  await picture(page, "sync");
  await page.getByRole("button", { name: "Synchronize" }).click();
  await header.locator(".sync-Synced").waitFor();
  await page.getByTestId("phase").filter({ hasText: "Succeeded" }).waitFor();
  await tab("Diff").click();
  await page.getByText("Everything in the cluster is as Git says.").waitFor();
  await tab("History").click();
  await page.locator("tbody tr").nth(1).waitFor();
  await page.locator("tbody tr").first().getByText(user).waitFor();
  await picture(page, "history");

  step("what happens between the list and its stream is not missed");
  const stream = "**/api/v1/stream/applications?resourceVersion=*";
  await page.route(stream, async (route) => {
    await row("blog").waitFor();
    await please("delete blog");
    await route.continue();
  });
  await page.getByRole("link", { name: "Argosy" }).click();
  await row("shop").waitFor();
  await row("blog").waitFor({ state: "detached" });
  await page.unroute(stream);

  step("a deleted application leaves the list");
  await please("delete shop");
  await row("shop").waitFor({ state: "detached" });

  step("who logs out must log in again, and comes back to the same page");
  await page.goto(`${url}/applications/argocd-page/web`);
  await node("Deployment").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await page.goto(`${url}/applications/argocd-page/web`);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await node("Deployment").waitFor();
}

async function total(page) {
  return (await page.getByTestId("count").innerText()).split(" ").at(-1);
}

async function picture(page, name) {
  if (!screenshots) return;
  // Fonts and transitions settle.
  await page.evaluate(() => document.activeElement instanceof HTMLInputElement && document.activeElement.blur());
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
