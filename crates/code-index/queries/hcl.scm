(block
  (identifier) @kind
  .
  (string_lit (template_literal) @name)
  (block_start) @body
  (#any-of? @kind "variable" "output" "module" "provider")) @definition.constant
(block
  (identifier) @kind
  .
  (string_lit)
  .
  (string_lit (template_literal) @name)
  (block_start) @body
  (#any-of? @kind "resource" "data")) @definition.type
(block
  (identifier) @kind
  (body (attribute (identifier) @name) @definition.constant)
  (#eq? @kind "locals"))

(function_call (identifier) @call)
(expression . (variable_expr (identifier) @qualifier) . (get_attr (identifier) @member))
;; `data.TYPE.NAME`
(expression . (variable_expr) . (get_attr (identifier) @qualifier) . (get_attr (identifier) @member))
