// Adds up Stryker's reports under a directory and lists the survivors of each: node score.mjs artifacts/mutation
import { readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const root = process.argv[2];
const total = { killed: 0, survived: 0 };
for (const namespace of readdirSync(root)) {
  const path = join(root, namespace, 'reports', 'mutation-report.json');
  if (!existsSync(path)) {
    continue;
  }
  const count = { killed: 0, survived: 0 };
  const survivors = [];
  for (const [file, { mutants }] of Object.entries(JSON.parse(readFileSync(path, 'utf8')).files)) {
    for (const mutant of mutants) {
      if (['Killed', 'Timeout'].includes(mutant.status)) {
        count.killed++;
      } else if (['Survived', 'NoCoverage'].includes(mutant.status)) {
        count.survived++;
        survivors.push(`${file.replace(/.*\/Grains\//, '')}:${mutant.location.start.line}  ${mutant.mutatorName}: ${mutant.replacement.replace(/\s+/g, ' ')}`);
      }
    }
  }
  writeFileSync(join(root, namespace, 'survivors.txt'), survivors.join('\n') + '\n');
  show(namespace, count);
  total.killed += count.killed;
  total.survived += count.survived;
}
show('all', total);

function show(name, { killed, survived }) {
  console.log(`${name.padEnd(16)} ${killed} of ${killed + survived} mutants killed, ${((100 * killed) / Math.max(1, killed + survived)).toFixed(1)} %`);
}
