import prettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

import sqlWidth from './scripts/lint/sql-width.js'

export default tseslint.config(
  {ignores: ['dist', '**/node_modules', 'sandbox/shop', 'sandbox/stack']},
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {parserOptions: {project: './tsconfig.dev.json', tsconfigRootDir: import.meta.dirname}},
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': 'off',
      'max-lines': ['warn', {max: 250, skipBlankLines: true, skipComments: true}],
      '@typescript-eslint/no-unused-vars': ['error', {ignoreRestSiblings: true}],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/lib/adapters/**'],
    rules: {'no-restricted-globals': ['error', {name: 'fetch', message: 'Only src/lib/adapters reaches out.'}]},
  },
  {
    files: ['src/**'],
    ignores: ['src/lib/output/{rds-command,prompt,progress}.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "MemberExpression[object.name='console']",
          "CallExpression[callee.property.name='write'][callee.object.object.name='process']",
          "MemberExpression[object.type='Super'][property.name=/^log/]",
          "MemberExpression[object.type='ThisExpression'][property.name='warn']",
          "Identifier[name='ux']",
        ].map((selector) => ({
          selector,
          message: 'What is printed goes through RdsCommand, which takes control characters out of it.',
        })),
      ],
    },
  },
  {
    files: ['src/**'],
    plugins: {local: {rules: {'sql-width': sqlWidth}}},
    rules: {'local/sql-width': 'error'},
  },
  {files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked},
  {files: ['test/**'], rules: {'max-lines': 'off', '@typescript-eslint/no-unused-expressions': 'off'}},
  prettier,
)
