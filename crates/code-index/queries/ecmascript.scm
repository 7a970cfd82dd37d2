(class_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (class_declaration name: (_) @name body: (_) @body)) @definition.type

(function_declaration name: (_) @name body: (_) @body) @definition.function
(generator_function_declaration name: (_) @name body: (_) @body) @definition.function
(export_statement declaration: (function_declaration name: (_) @name body: (_) @body)) @definition.function
(export_statement declaration: (generator_function_declaration name: (_) @name body: (_) @body)) @definition.function

(lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @definition.function
(export_statement
  declaration: (lexical_declaration
    (variable_declarator
      name: (identifier) @name
      value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]))) @definition.function
(variable_declaration
  (variable_declarator
    name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @definition.function
(assignment_expression
  left: (member_expression property: (_) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function

(method_definition name: (_) @name body: (_) @body) @definition.method
(pair
  key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method

(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name)) @definition.constant)
(program
  (export_statement
    declaration: (lexical_declaration
      kind: "const"
      (variable_declarator name: (identifier) @name))) @definition.constant)

(call_expression function: (identifier) @call)
(call_expression function: (member_expression object: (_) @qualifier property: (_) @call))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression object: (_) @qualifier property: (_) @call))
(member_expression object: (_) @qualifier property: (_) @member)
(pair key: (property_identifier) @member)

(import_statement) @import
(export_statement source: (string)) @import
(call_expression
  function: (identifier) @function
  arguments: (arguments . (string) @import .)
  (#eq? @function "require"))

[
  (function_declaration)
  (generator_function_declaration)
  (function_expression)
  (generator_function)
  (arrow_function)
  (method_definition)
  (statement_block)
  (for_statement)
  (for_in_statement)
  (catch_clause)
] @scope
(variable_declarator name: (identifier) @local)
(shorthand_property_identifier_pattern) @local
(object_pattern (pair_pattern value: (identifier) @local))
(array_pattern (identifier) @local)
(rest_pattern (identifier) @local)
(assignment_pattern left: (identifier) @local)
(arrow_function parameter: (identifier) @local)
(for_in_statement left: (identifier) @local)
(catch_clause parameter: (identifier) @local)
