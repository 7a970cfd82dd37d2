(class_declaration name: (_) @name [(class_body) (enum_class_body)] @body) @definition.type
(class_declaration name: (_) @name) @definition.type
(object_declaration name: (_) @name (class_body)? @body) @definition.type
(companion_object name: (_) @name (class_body)? @body) @definition.type
(type_alias type: (_) @name) @definition.type

(function_declaration name: (_) @name (function_body)? @body) @definition.function
(class_body (function_declaration name: (_) @name (function_body)? @body) @definition.method)
(enum_class_body (function_declaration name: (_) @name (function_body)? @body) @definition.method)
(secondary_constructor "constructor" @name (block)? @body) @definition.method
(property_declaration (variable_declaration (identifier) @name) (getter) @body) @definition.method

(property_declaration
  (modifiers (property_modifier) @modifier)
  (variable_declaration (identifier) @name)
  (#eq? @modifier "const")) @definition.constant

(call_expression . (identifier) @call)
(call_expression . (navigation_expression . (_) @qualifier (identifier) @call .))
(constructor_invocation (user_type (identifier) @call))
(callable_reference (identifier) @member .)
(navigation_expression . (_) @qualifier (identifier) @member .)
(user_type (identifier) @type)

(import) @import
(package_header (qualified_identifier) @package)

[
  (function_declaration)
  (secondary_constructor)
  (anonymous_function)
  (lambda_literal)
  (block)
  (for_statement)
  (catch_block)
  (getter)
  (setter)
] @scope
(parameter (identifier) @local)
(lambda_parameters (variable_declaration (identifier) @local))
(block (property_declaration (variable_declaration (identifier) @local)))
(lambda_literal (property_declaration (variable_declaration (identifier) @local)))
(multi_variable_declaration (variable_declaration (identifier) @local))
(for_statement (variable_declaration (identifier) @local))
(catch_block (identifier) @local)
