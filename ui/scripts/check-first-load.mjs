// Fails when the first load of the built page is above its budget. What is loaded later, as the editor, does not count.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 150_000;

const html = readFileSync("dist/index.html");
const files = [...html.toString().matchAll(/<(?:script|link)[^>]+(?:src|href)="\.?\/?([^"]+)"/g)].map((match) => match[1]);
const scripts = files.filter((file) => file.endsWith(".js"));
if (scripts.length === 0) {
  throw new Error("dist/index.html loads no script: what is the first load?");
}
const sizes = [["index.html", html], ...files.map((file) => [file, readFileSync(`dist/${file}`)])].map(([file, bytes]) => [file, gzipSync(bytes).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(`first load: ${total} bytes compressed, of ${BUDGET_BYTES} allowed`);
if (total > BUDGET_BYTES) {
  sizes.forEach(([file, size]) => console.error(`  ${size} ${file}`));
  process.exit(1);
}
