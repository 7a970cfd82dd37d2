(class_declaration declaration_kind: ["class" "struct" "enum" "actor"] name: (type_identifier) @name body: (_) @body) @definition.type
(protocol_declaration name: (type_identifier) @name body: (_) @body) @definition.type
(typealias_declaration name: (type_identifier) @name) @definition.type

; One pattern, since each costs a third of a second when it is compiled. In a type it is a method.
(function_declaration name: (simple_identifier) @name body: (function_body) @body) @definition.function
(protocol_function_declaration name: (simple_identifier) @name body: (_)? @body) @definition.method
(init_declaration name: "init" @name body: (_)? @body) @definition.method
(deinit_declaration "deinit" @name body: (_)? @body) @definition.method
(subscript_declaration "subscript" @name (computed_property) @body) @definition.method
(property_declaration
  name: (pattern bound_identifier: (_) @name)
  computed_value: (_) @body) @definition.method

(source_file (property_declaration name: (pattern bound_identifier: (_) @name)) @definition.constant)

(call_expression . (simple_identifier) @call)
(call_expression
  .
  (navigation_expression target: (_) @qualifier suffix: (navigation_suffix suffix: (simple_identifier) @call)))
(navigation_expression target: (_) @qualifier suffix: (navigation_suffix suffix: (simple_identifier) @member))

(import_declaration) @import
(class_declaration declaration_kind: "extension" name: (user_type (type_identifier) @container)) @containing

[(function_declaration) (init_declaration) (subscript_declaration) (lambda_literal) (for_statement) (statements)] @scope
(parameter name: (simple_identifier) @local)
(lambda_parameter name: (simple_identifier) @local)
(statements (property_declaration name: (pattern bound_identifier: (simple_identifier) @local)))
(guard_statement bound_identifier: (simple_identifier) @local)
(if_statement bound_identifier: (simple_identifier) @local)
(for_statement item: (pattern bound_identifier: (simple_identifier) @local))
