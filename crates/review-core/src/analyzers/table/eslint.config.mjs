const rules = [
  "constructor-super", "for-direction", "getter-return", "no-async-promise-executor", "no-class-assign", "no-compare-neg-zero",
  "no-cond-assign", "no-const-assign", "no-constant-binary-expression", "no-constant-condition", "no-control-regex", "no-debugger",
  "no-delete-var", "no-dupe-args", "no-dupe-class-members", "no-dupe-else-if", "no-dupe-keys", "no-duplicate-case", "no-empty-pattern",
  "no-ex-assign", "no-fallthrough", "no-func-assign", "no-global-assign", "no-import-assign", "no-invalid-regexp",
  "no-irregular-whitespace", "no-loss-of-precision", "no-misleading-character-class", "no-new-native-nonconstructor", "no-obj-calls",
  "no-octal", "no-self-assign", "no-setter-return", "no-shadow-restricted-names", "no-sparse-arrays", "no-this-before-super",
  "no-unexpected-multiline", "no-unreachable", "no-unsafe-finally", "no-unsafe-negation", "no-unsafe-optional-chaining",
  "no-useless-backreference", "no-unassigned-vars", "no-eval", "no-implied-eval", "no-new-func", "no-promise-executor-return",
  "no-self-compare", "no-template-curly-in-string", "no-unmodified-loop-condition", "array-callback-return", "require-yield",
  "use-isnan", "valid-typeof",
];

export default [
  {
    files: ["**/*.js", "**/*.mjs", "**/*.cjs", "**/*.jsx"],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
    rules: Object.fromEntries(rules.map((rule) => [rule, "error"])),
  },
];
