/** Runs the benchmarks: `npm run bench`, or `npm run bench -- core http` for those whose path contains one of the words. */
import { glob } from 'node:fs/promises';
import { type Figure, format, type Report } from './harness.ts';

const words = process.argv.slice(2);
const figures: Figure[] = [];
const report: Report = {
  figure(figure) {
    figures.push(figure);
    const limit = figure.limit
      ? ` · ${Math.round((figure.rate / figure.limit.rate) * 100)} % of ${figure.limit.name} (${format(figure.limit.rate)}/s)`
      : '';
    const goal = figure.goal ? ` · goal ${figure.goal.text}: ${figure.goal.met ? 'met' : 'MISSED'}` : '';
    console.log(`  ${figure.name.padEnd(44)} ${format(figure.rate).padStart(12)}/s${limit}${goal}`);
  },
  note: (text) => console.log(`  ${text}`),
};

const files: string[] = [];
for await (const file of glob('*/**/*.ts', { cwd: import.meta.dirname })) files.push(file);
for (const file of files.sort()) {
  if (words.length > 0 && !words.some((word) => file.includes(word))) continue;
  const module = (await import(`./${file}`)) as { bench?: (report: Report) => Promise<void> | void };
  if (module.bench === undefined) continue;
  console.log(`\n${file}`);
  await module.bench(report);
}
const missed = figures.filter((figure) => figure.goal && !figure.goal.met);
console.log(`\n${figures.length} figures, ${missed.length} goals missed`);
