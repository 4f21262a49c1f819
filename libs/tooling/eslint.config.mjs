import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { boundaries } from './boundaries.mjs';

export default defineConfig(
  { ignores: ['**/node_modules/**', 'dist/**', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './libs/tooling/tsconfig.json', tsconfigRootDir: process.cwd() },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-globals': ['error', { name: 'name', message: 'Name the variable.' }],
      eqeqeq: 'error',
    },
  },
  // Nest reads constructor parameters as metadata; those of ports are injected by token.
  {
    files: ['libs/domain/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', 'process', 'Date', 'setTimeout', 'crypto'] },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
  },
  ...boundaries.map(({ folder, forbidden }) => ({
    files: [`${folder}/**/*.ts`],
    ignores: ['**/*.spec.ts', '**/conformance.ts', '**/testing/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: forbidden }] },
  })),
);
