import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'runtime/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['./test/support/equality.ts'],
    reporters: [['default', { summary: false }], './test/support/reporter.ts'],
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
